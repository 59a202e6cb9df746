import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import {
  makeCa,
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
import { attestDevice, type CertificateGroup } from './attest-device.ts';
import { noRevocation } from './revocation.ts';

const ca = makeCa();

function group(groupId: string, anchors: readonly TestCertificate[], change: Partial<CertificateGroup> = {}): CertificateGroup {
  return { groupId, isEnabled: true, anchors: anchors.map(({ certificate }) => certificate), unverified: [], ...change };
}

function attest(shown: readonly TestCertificate[], groups: readonly CertificateGroup[], registrationId = 'device-1') {
  return attestDevice({
    registrationId,
    evidence: { certificates: shown.map(({ der }) => der) },
    groups,
    revocation: noRevocation,
    at: testNow,
  });
}

/** The group that was chosen, or why none was. */
function outcome(...parameters: Parameters<typeof attest>): string {
  const verdict = attest(...parameters);
  return verdict.accepted ? (verdict.value.enrollmentGroupId ?? 'none') : verdict.refusal.reason;
}

test('dps 7: a leaf signed by the verified CA of a group may use it', () => {
  const leaf = makeLeaf({ issuer: ca });
  const verdict = attest([leaf], [group('other', [makeCa({ name: 'Other' })]), group('line', [ca])]);
  assert.ok(verdict.accepted);
  assert.deepEqual(
    { ...verdict.value },
    {
      kind: 'registration',
      registrationId: 'device-1',
      enrollmentGroupId: 'line',
      leafDer: leaf.der,
      anchorSha256: ca.certificate.sha256Thumbprint,
    },
  );
});

test('dps 8: a leaf below an intermediate that came along may use the group of the root', () => {
  const middle = makeCa({ name: 'Middle', issuer: ca });
  assert.equal(outcome([makeLeaf({ issuer: middle }), middle], [group('line', [ca])]), 'line');
  assert.equal(outcome([makeLeaf({ issuer: middle })], [group('line', [ca])]), 'issuer-unknown');
});

test('the registration id is compared ignoring case, and kept as the device spells it', async () => {
  const { tenant } = await makeSphereAuthorities();
  const { deviceId, leaf } = await makeDailyLeaf(tenant);
  const verdict = attest([leaf], [group('line', [tenant])], deviceId.toUpperCase());
  assert.ok(verdict.accepted && verdict.value.registrationId === deviceId.toUpperCase());
});

test("a name that turns into another device's in lower case is not its name", () => {
  const groups = [group('line', [ca])];
  // The Kelvin sign, whose lower case is the letter k.
  const lookalike = 'sensor-\u212a';
  assert.equal(lookalike.toLowerCase(), 'sensor-k');
  assert.equal(outcome([makeLeaf({ issuer: ca, name: lookalike })], groups, 'sensor-k'), 'common-name-mismatch');
  assert.equal(outcome([makeLeaf({ issuer: ca, name: 'sensor-k' })], groups, lookalike), 'common-name-mismatch');
  assert.equal(outcome([makeLeaf({ issuer: ca, name: 'sensor-K' })], groups, 'sensor-k'), 'line');
});

test('the primary and the secondary certificate of a group both count', () => {
  const second = makeCa({ name: 'Second' });
  const groups = [group('line', [ca, second])];
  assert.equal(outcome([makeLeaf({ issuer: second })], groups), 'line');
  assert.equal(outcome([makeLeaf({ issuer: ca })], groups), 'line');
});

test('the group of the issuer nearest the leaf decides, in whatever order the groups stand', () => {
  const middle = makeCa({ name: 'Middle', issuer: ca });
  const shown = [makeLeaf({ issuer: middle }), middle];
  const groups = [group('all', [ca]), group('line', [middle])];
  assert.equal(outcome(shown, groups), 'line');
  assert.equal(outcome(shown, groups.toReversed()), 'line');
});

test('a disabled group does not fall through to the group of the next issuer', () => {
  const middle = makeCa({ name: 'Middle', issuer: ca });
  const groups = [group('all', [ca]), group('line', [middle], { isEnabled: false })];
  assert.equal(outcome([makeLeaf({ issuer: middle }), middle], groups), 'enrollment-disabled');
});

test('of two groups with the same certificate the disabled one decides', () => {
  const groups = [group('line', [ca]), group('stopped', [ca], { isEnabled: false })];
  const leaf = makeLeaf({ issuer: ca });
  assert.equal(outcome([leaf], groups), 'enrollment-disabled');
  assert.equal(outcome([leaf], groups.toReversed()), 'enrollment-disabled');
});

test('dps 9, sphere 51: a common name that differs from the registration id is refused', () => {
  assert.equal(outcome([makeLeaf({ issuer: ca })], [group('line', [ca])], 'other'), 'common-name-mismatch');
});

test('sphere 44: a group whose CA is uploaded and not verified lets nobody in, and says so', () => {
  const verdict = attest([makeLeaf({ issuer: ca })], [group('line', [], { unverified: [ca.certificate] })]);
  assert.ok(!verdict.accepted && verdict.refusal.reason === 'issuer-not-verified');
  assert.match(verdict.refusal.fix ?? '', /verification code/);
});

test('sphere 45: a leaf of another tenant under the same root is refused', async () => {
  const own = await makeSphereAuthorities();
  const other = await makeSphereAuthorities({ root: own.root, policy: own.policy });
  const { deviceId, leaf } = await makeDailyLeaf(other.tenant);
  assert.equal(
    outcome([leaf, other.tenant, other.policy, other.root], [group('line', [own.tenant])], deviceId),
    'issuer-unknown',
  );
});

test('sphere 35: a proof certificate is refused, in our shape and in the original one', async () => {
  const { tenant } = await makeSphereAuthorities();
  assert.equal(outcome([await makeProof(tenant, 'device-1')], [group('line', [tenant])]), 'leaf-purpose');
  assert.equal(outcome([makeOriginalProof(ca, 'device-1')], [group('line', [ca])]), 'leaf-purpose');
});

const refusals: [string, OddRequest, string][] = [
  [
    'sphere 46: an expired leaf',
    { notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -1_000) },
    'certificate-expired',
  ],
  ['sphere 47: a leaf that is not yet valid', { notBefore: plus(testNow, hourMs) }, 'certificate-not-yet-valid'],
  ['sphere 49: a CA certificate as the leaf', { basicConstraints: { isCa: true } }, 'leaf-is-ca'],
  [
    'sphere 52: two common names',
    {
      subject: [
        ['CN', 'device-1'],
        ['CN', 'device-1'],
      ],
    },
    'common-name-ambiguous',
  ],
  ['sphere 52: a common name with a NUL', { subject: [['CN', 'device-1\0']] }, 'common-name-ambiguous'],
];
for (const [name, request, reason] of refusals) {
  test(`${name} is refused for registration`, () =>
    assert.equal(outcome([makeLeaf({ issuer: ca, ...request })], [group('line', [ca])]), reason));
}

test('without a certificate, without a group and with a self-signed one nobody registers', () => {
  assert.equal(outcome([], [group('line', [ca])]), 'certificate-missing');
  assert.equal(outcome([makeLeaf({ issuer: ca })], []), 'issuer-unknown');
  assert.equal(outcome([makeSelfSigned()], [group('line', [ca])]), 'issuer-unknown');
});

/** A certificate that was given with the group and proven by nobody, below CAs that were proven. */
function holding(groupId: string, held: readonly TestCertificate[], under: readonly TestCertificate[], change = {}) {
  const certificates = (list: readonly TestCertificate[]) => list.map(({ certificate }) => certificate);
  return group(groupId, [], { held: certificates(held), heldUnder: certificates(under), ...change });
}

test('a certificate that a group holds lets devices in below a proven CA, sent along or not', () => {
  const line = makeCa({ name: 'Line', issuer: ca });
  const groups = [holding('line', [line], [ca])];
  const verdict = attest([makeLeaf({ issuer: line })], groups);
  assert.ok(verdict.accepted && verdict.value.enrollmentGroupId === 'line');
  assert.equal(verdict.value.anchorSha256, ca.certificate.sha256Thumbprint);
  assert.equal(outcome([makeLeaf({ issuer: line }), line], groups), 'line');
  const cell = makeCa({ name: 'Cell', issuer: line });
  assert.equal(outcome([makeLeaf({ issuer: cell }), cell], groups), 'line');
});

test('what a group holds is no anchor: without the proven CA above it, or out of its time, nobody is let in', () => {
  const line = makeCa({ name: 'Line', issuer: ca });
  assert.equal(outcome([makeLeaf({ issuer: line })], [holding('line', [line], [])]), 'issuer-unknown');
  const forged = makeCa({ name: 'Line', issuer: makeCa({ name: 'Test CA' }) });
  assert.equal(outcome([makeLeaf({ issuer: forged })], [holding('line', [forged], [ca])]), 'signature-invalid');
  const old = makeCa({ name: 'Old', issuer: ca, notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -hourMs) });
  assert.equal(outcome([makeLeaf({ issuer: old })], [holding('old', [old], [ca])]), 'issuer-expired');
});

test('the CA above what a group holds lets nobody in by itself', () => {
  const line = makeCa({ name: 'Line', issuer: ca });
  assert.equal(outcome([makeLeaf({ issuer: ca })], [holding('line', [line], [ca])]), 'enrollment-unknown');
});

test('of a group for the line and one for its root, the line’s decides, also when it is disabled', () => {
  const line = makeCa({ name: 'Line', issuer: ca });
  const root = group('root', [ca]);
  assert.equal(outcome([makeLeaf({ issuer: line }), line], [root, holding('line', [line], [ca])]), 'line');
  const stopped = holding('line', [line], [ca], { isEnabled: false });
  assert.equal(outcome([makeLeaf({ issuer: line }), line], [root, stopped]), 'enrollment-disabled');
  // Another certificate for the key of the line does not lead around it.
  const twin = makeCa({ name: 'Line', issuer: ca, key: { privateKey: line.privateKey, publicKey: line.publicKey } });
  assert.equal(outcome([makeLeaf({ issuer: line }), twin], [root, stopped]), 'enrollment-disabled');
  assert.equal(outcome([makeLeaf({ issuer: ca })], [root, stopped]), 'root');
});
