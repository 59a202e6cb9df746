import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeExtension } from '#pki/issue.ts';
import { purposeOids } from '#pki/oids.ts';
import {
  makeCa,
  makeCertificate,
  makeDailyLeaf,
  makeLeaf,
  makeOriginalProof,
  makeProof,
  makeSelfSigned,
  makeSphereAuthorities,
  type OddRequest,
  type TestCertificate,
  testNow,
} from '#test/support/certificates.ts';
import { authenticateDevice, type DeviceAttempt, type DeviceAuthentication } from './authenticate-device.ts';
import { noRevocation, revocationKey } from './revocation.ts';

const ca = makeCa();

function attempt(
  shown: readonly TestCertificate[],
  authentication: DeviceAuthentication,
  change: Partial<DeviceAttempt> & { deviceId?: string; isEnabled?: boolean; token?: string } = {},
) {
  const { deviceId = 'device-1', isEnabled = true, token, ...rest } = change;
  return authenticateDevice({
    device: { deviceId, isEnabled, generationId: 'g1', authentication },
    evidence: { certificates: shown.map(({ der }) => der), token },
    verifiedAnchors: [ca.certificate],
    uploadedUnverified: [],
    revocation: noRevocation,
    hubHostName: 'hub.example',
    policies: [],
    at: testNow,
    ...rest,
  });
}

/** 'accepted', or why not. */
function outcome(...parameters: Parameters<typeof attempt>): string {
  const verdict = attempt(...parameters);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

const bySigning: DeviceAuthentication = { type: 'certificateAuthority' };

function byThumbprint(primaryThumbprint: string, secondaryThumbprint?: string): DeviceAuthentication {
  return { type: 'selfSigned', primaryThumbprint, ...(secondaryThumbprint !== undefined && { secondaryThumbprint }) };
}

test('hub 5: a self-signed certificate is accepted by its SHA-1 primary thumbprint', () => {
  const shown = makeSelfSigned();
  const verdict = attempt([shown], byThumbprint(shown.certificate.sha1Thumbprint));
  assert.ok(verdict.accepted);
  assert.deepEqual(
    { ...verdict.value },
    {
      kind: 'device',
      deviceId: 'device-1',
      generationId: 'g1',
      authMethod: { scope: 'device', type: 'x509' },
      expiresAt: shown.certificate.notAfter,
      leafSha256: shown.certificate.sha256Thumbprint,
      anchorSha256: undefined,
      revocationKeys: [revocationKey(shown.certificate)],
    },
  );
});

test('hub 6: a certificate is accepted by its SHA-256 secondary thumbprint, stored in upper case', () => {
  const shown = makeSelfSigned();
  assert.equal(outcome([shown], byThumbprint('0'.repeat(40), shown.certificate.sha256Thumbprint.toUpperCase())), 'accepted');
});

test('a thumbprint is accepted with colons, with spaces and in any case', () => {
  const shown = makeSelfSigned();
  const { sha1Thumbprint } = shown.certificate;
  for (const separator of [':', ' ']) {
    const spelled = sha1Thumbprint.replace(/(..)(?=.)/g, `$1${separator}`);
    assert.equal(outcome([shown], byThumbprint(spelled)), 'accepted');
    assert.equal(outcome([shown], byThumbprint(spelled.toLowerCase())), 'accepted');
  }
});

test('for a thumbprint neither common name, usages, CA:TRUE nor unknown critical extensions count', () => {
  const odd: OddRequest[] = [
    { subject: [['CN', 'somebody else']] },
    { keyUsage: ['keyAgreement'] },
    { purposes: { oids: ['1.3.6.1.5.5.7.3.1'] } },
    { extensions: [makeExtension('1.2.3.4', Buffer.of(5, 0), true)] },
  ];
  for (const request of odd) {
    const shown = makeSelfSigned('device-1', request);
    assert.equal(outcome([shown], byThumbprint(shown.certificate.sha1Thumbprint)), 'accepted');
  }
});

test('hub 7: a certificate of another thumbprint is refused, whatever the slots hold', () => {
  const shown = makeSelfSigned();
  const other = makeSelfSigned();
  const { sha1Thumbprint } = shown.certificate;
  const slots = [
    other.certificate.sha1Thumbprint,
    '',
    '0'.repeat(40),
    '0'.repeat(64),
    sha1Thumbprint.slice(1),
    `${sha1Thumbprint}0`,
    'x'.repeat(40),
  ];
  for (const slot of slots) assert.equal(outcome([shown], byThumbprint(slot)), 'thumbprint-mismatch', slot);
  assert.equal(outcome([shown], { type: 'selfSigned' }), 'thumbprint-mismatch');
});

test("sphere 55: yesterday's leaf is stored, today's is refused with the advice to register again", async () => {
  const { tenant } = await makeSphereAuthorities();
  const { deviceId, leaf } = await makeDailyLeaf(tenant);
  const renewed = await makeDailyLeaf(tenant, { deviceId });
  const verdict = attempt([renewed.leaf], byThumbprint(leaf.certificate.sha1Thumbprint), { deviceId });
  assert.ok(!verdict.accepted);
  assert.equal(verdict.refusal.reason, 'thumbprint-mismatch');
  assert.match(verdict.refusal.fix ?? '', /register through the provisioning service again/);
});

test('sphere 46, sphere 47: dates count for a thumbprint as well', () => {
  const expired = makeSelfSigned('device-1', { notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -1_000) });
  assert.equal(outcome([expired], byThumbprint(expired.certificate.sha1Thumbprint)), 'certificate-expired');
  const early = makeSelfSigned('device-1', { notBefore: plus(testNow, hourMs) });
  assert.equal(outcome([early], byThumbprint(early.certificate.sha1Thumbprint)), 'certificate-not-yet-valid');
});

test('sphere 35: a proof or update certificate is refused even when its thumbprint is stored', async () => {
  const { tenant } = await makeSphereAuthorities();
  const shapes = [
    await makeProof(tenant, 'device-1'),
    makeOriginalProof(ca, 'device-1'),
    makeLeaf({ issuer: ca, purposes: { oids: [purposeOids.update] } }),
    makeLeaf({ issuer: ca, purposes: { oids: ['1.3.6.1.5.5.7.3.2', purposeOids.proof] } }),
  ];
  for (const shown of shapes) {
    assert.equal(outcome([shown], byThumbprint(shown.certificate.sha1Thumbprint)), 'leaf-purpose');
    assert.equal(outcome([shown], bySigning, { verifiedAnchors: [ca.certificate, tenant.certificate] }), 'leaf-purpose');
  }
});

test('hub 8: a CA-signed leaf with its intermediate is accepted when only the root is verified', () => {
  const middle = makeCa({ name: 'Middle', issuer: ca });
  const leaf = makeLeaf({ issuer: middle });
  const verdict = attempt([leaf, middle], bySigning);
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.anchorSha256, ca.certificate.sha256Thumbprint);
  assert.equal(outcome([leaf], bySigning), 'issuer-unknown');
});

test('the session of a chain ends with whichever certificate of it ends first', () => {
  const soon = plus(testNow, hourMs);
  const middle = makeCa({ name: 'Middle', issuer: ca, notAfter: soon });
  const verdict = attempt([makeLeaf({ issuer: middle }), middle], bySigning);
  assert.ok(verdict.accepted && verdict.value.expiresAt === soon);
});

test('hub 9, sphere 51: a common name that is not the device id is refused', () => {
  assert.equal(outcome([makeLeaf({ issuer: ca, name: 'device-2' })], bySigning), 'common-name-mismatch');
});

test('sphere 43: a lower-case device id connects, the same in upper case is refused', async () => {
  const { tenant } = await makeSphereAuthorities();
  const { deviceId, leaf } = await makeDailyLeaf(tenant);
  const verifiedAnchors = [tenant.certificate];
  assert.equal(outcome([leaf], bySigning, { deviceId, verifiedAnchors }), 'accepted');
  const verdict = attempt([leaf], bySigning, { deviceId: deviceId.toUpperCase(), verifiedAnchors });
  assert.ok(!verdict.accepted && verdict.refusal.reason === 'common-name-mismatch');
  assert.match(verdict.refusal.fix ?? '', /case-sensitive/);
});

test('sphere 52: two common names, none, and one with a NUL are refused', () => {
  const names: OddRequest[] = [
    {
      subject: [
        ['CN', 'device-1'],
        ['CN', 'device-1'],
      ],
    },
    {
      subject: [
        ['CN', 'device-2'],
        ['CN', 'device-1'],
      ],
    },
    { subject: [['O', 'device-1']] },
    { subject: [['CN', 'device-1\0.evil']] },
  ];
  for (const request of names) assert.equal(outcome([makeLeaf({ issuer: ca, ...request })], bySigning), 'common-name-ambiguous');
});

test('hub 10, sphere 44: a chain to a CA that was uploaded but never verified is refused, with that reason', () => {
  const unverified = makeCa({ name: 'Unproven' });
  const middle = makeCa({ name: 'Middle', issuer: unverified });
  const leaf = makeLeaf({ issuer: middle });
  const verdict = attempt([leaf, middle], bySigning, { uploadedUnverified: [unverified.certificate] });
  assert.ok(!verdict.accepted);
  assert.equal(verdict.refusal.reason, 'issuer-not-verified');
  assert.match(verdict.refusal.detail, /CN=Unproven/);
  assert.match(verdict.refusal.fix ?? '', /verification code/);
  assert.equal(verdict.refusal.trace.at(-1)?.passed, false);
});

test('sphere 45: a leaf of another tenant under the same root is refused', async () => {
  const own = await makeSphereAuthorities();
  const other = await makeSphereAuthorities({ root: own.root, policy: own.policy });
  const { deviceId, leaf } = await makeDailyLeaf(other.tenant);
  const shown = [leaf, other.tenant, other.policy, other.root];
  assert.equal(outcome(shown, bySigning, { deviceId, verifiedAnchors: [own.tenant.certificate] }), 'issuer-unknown');
});

test('sphere 53: a self-signed leaf with the right common name is refused under CA authentication', () => {
  assert.equal(outcome([makeSelfSigned()], bySigning), 'issuer-unknown');
});

test('sphere 49: a verified CA presenting itself as a device of its own name is refused', () => {
  const namesake = makeCa({ name: 'device-1' });
  assert.equal(outcome([namesake], bySigning, { verifiedAnchors: [namesake.certificate] }), 'leaf-is-ca');
});

test('hub 12: without certificate and password nothing is looked up', () => {
  assert.equal(outcome([], bySigning), 'credentials-missing');
  assert.equal(outcome([], bySigning, { device: undefined }), 'credentials-missing');
});

test('an unknown device is refused', () => {
  assert.equal(outcome([makeLeaf({ issuer: ca })], bySigning, { device: undefined }), 'device-unknown');
});

test('a password, also beside a good certificate, is an attempt by key, and a key identity takes no certificate', () => {
  const leaf = makeLeaf({ issuer: ca });
  assert.equal(outcome([leaf], bySigning, { token: 'x' }), 'credential-type-mismatch');
  assert.equal(outcome([], bySigning, { token: 'x' }), 'credential-type-mismatch');
  assert.equal(
    outcome([leaf], { type: 'sas', keys: { reveal: () => assert.fail('no key is needed') } }),
    'credential-type-mismatch',
  );
});

test('hub 20: a disabled device is refused as disabled only after it proved who it is', () => {
  const leaf = makeLeaf({ issuer: ca });
  assert.equal(outcome([leaf], bySigning, { isEnabled: false }), 'device-disabled');
  assert.equal(outcome([makeLeaf({ issuer: makeCa() })], bySigning, { isEnabled: false }), 'signature-invalid');
});

test('bytes that are no certificate are refused as a leaf and passed over beside one', () => {
  const noise = Buffer.from('3003020100', 'hex');
  const device = { deviceId: 'device-1', isEnabled: true, generationId: 'g1', authentication: bySigning };
  const rest = {
    device,
    verifiedAnchors: [ca.certificate],
    uploadedUnverified: [],
    revocation: noRevocation,
    hubHostName: 'h',
    policies: [],
    at: testNow,
  };
  const refused = authenticateDevice({ ...rest, evidence: { certificates: [noise], token: undefined } });
  assert.ok(!refused.accepted && refused.refusal.reason === 'certificate-malformed');
  const accepted = authenticateDevice({
    ...rest,
    evidence: { certificates: [makeLeaf({ issuer: ca }).der, noise], token: undefined },
  });
  assert.ok(accepted.accepted);
});

test('a v1 certificate without extensions is accepted by thumbprint', () => {
  const shown = makeCertificate();
  assert.equal(shown.certificate.version, 1);
  assert.equal(outcome([shown], byThumbprint(shown.certificate.sha1Thumbprint)), 'accepted');
});
