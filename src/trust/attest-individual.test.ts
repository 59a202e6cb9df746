import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, plus, secondMs } from '#base/instant.ts';
import { makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { attestIndividual, type IndividualAttempt, type IndividualEnrollment } from './attest-individual.ts';
import { noRevocation } from './revocation.ts';
import { deriveDeviceKey } from './symmetric-keys.ts';

const idScope = '0ne0012AB34';
const keys = { primaryKey: Buffer.alloc(32, 1).toString('base64'), secondaryKey: Buffer.alloc(32, 2).toString('base64') };
const byKey: IndividualEnrollment = {
  registrationId: 'Dev1',
  isEnabled: true,
  attestation: { type: 'symmetricKey', keys: { reveal: () => keys } },
};

function byThumbprint(primaryThumbprint: string, secondaryThumbprint?: string): IndividualEnrollment {
  const second = secondaryThumbprint === undefined ? {} : { secondaryThumbprint };
  return { registrationId: 'Dev1', isEnabled: true, attestation: { type: 'x509', primaryThumbprint, ...second } };
}

function tokenOf(key: string, registrationId = 'Dev1', later = 3600): string {
  const resource = `${idScope}/registrations/${registrationId}`;
  const expirySeconds = Math.ceil(testNow / secondMs) + later;
  return formatSasToken({ resource, key: Buffer.from(key, 'base64'), expirySeconds, keyName: 'registration' });
}

type Shown = { token?: string; certificates?: readonly Buffer[] };

function attest(enrollment: IndividualEnrollment, shown: Shown, rest: Partial<IndividualAttempt> = {}) {
  const evidence = { certificates: shown.certificates ?? [], token: shown.token };
  return attestIndividual({
    enrollment,
    idScope,
    registrationId: 'Dev1',
    evidence,
    revocation: noRevocation,
    at: testNow,
    ...rest,
  });
}

/** 'accepted', or why not. */
function outcome(...parameters: Parameters<typeof attest>): string {
  const verdict = attest(...parameters);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

test('dps 13: either key of the enrollment lets the device in, and the hub gets both', () => {
  for (const key of [keys.primaryKey, keys.secondaryKey]) {
    const verdict = attest({ ...byKey, deviceId: 'pump-7' }, { token: tokenOf(key) });
    assert.ok(verdict.accepted);
    assert.equal(verdict.value.enrollmentGroupId, undefined);
    assert.equal(verdict.value.deviceId, 'pump-7');
    assert.deepEqual(verdict.value.deviceKeys?.reveal(), keys);
  }
});

test('dps 10: the enrollment Reg1 serves the device reg1', () => {
  assert.equal(outcome(byKey, { token: tokenOf(keys.primaryKey, 'dev1') }, { registrationId: 'dev1' }), 'accepted');
});

test('a wrong key, a derived one, an expired token and one for another device are refused', () => {
  assert.equal(outcome(byKey, { token: tokenOf(Buffer.alloc(32, 9).toString('base64')) }), 'token-signature');
  assert.equal(outcome(byKey, { token: tokenOf(deriveDeviceKey(keys.primaryKey, 'Dev1')) }), 'token-signature');
  assert.equal(outcome(byKey, { token: tokenOf(keys.primaryKey, 'Dev1', -302) }), 'token-expired');
  assert.equal(outcome(byKey, { token: tokenOf(keys.primaryKey, 'Dev2') }), 'token-scope');
  assert.equal(outcome(byKey, { token: keys.primaryKey }), 'token-malformed');
});

test('the other kind of credential is refused, and a token counts also beside a certificate', () => {
  const shown = makeSelfSigned('Dev1');
  const certificates = [shown.der];
  assert.equal(outcome(byKey, { certificates }), 'credential-type-mismatch');
  assert.equal(outcome(byKey, {}), 'credential-type-mismatch');
  const enrolled = byThumbprint(shown.certificate.sha1Thumbprint);
  assert.equal(outcome(enrolled, { token: tokenOf(keys.primaryKey) }), 'credential-type-mismatch');
  assert.equal(outcome(enrolled, { certificates, token: tokenOf(keys.primaryKey) }), 'credential-type-mismatch');
  assert.equal(outcome(byKey, { certificates, token: tokenOf(keys.primaryKey) }), 'accepted');
  assert.equal(outcome(enrolled, {}), 'certificate-missing');
});

test('a self-signed leaf is let in by either thumbprint, SHA-1 or SHA-256, and by no other', () => {
  const shown = makeSelfSigned('Dev1');
  const { sha1Thumbprint, sha256Thumbprint } = shown.certificate;
  const certificates = [shown.der];
  const verdict = attest(byThumbprint(sha1Thumbprint), { certificates });
  assert.ok(verdict.accepted && verdict.value.leafDer?.equals(shown.der) && verdict.value.anchorSha256 === undefined);
  assert.equal(outcome(byThumbprint('', sha256Thumbprint), { certificates }), 'accepted');
  for (const slot of ['', '0'.repeat(40), makeSelfSigned('Dev1').certificate.sha1Thumbprint]) {
    assert.equal(outcome(byThumbprint(slot), { certificates }), 'thumbprint-mismatch', slot);
  }
});

test('dps 9: its common name and its dates count all the same', () => {
  const named = makeSelfSigned('Dev2');
  const ended = makeSelfSigned('Dev1', { notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -1_000) });
  const early = makeSelfSigned('Dev1', { notBefore: plus(testNow, hourMs) });
  const reasons = [named, ended, early].map(({ der, certificate }) =>
    outcome(byThumbprint(certificate.sha1Thumbprint), { certificates: [der] }),
  );
  assert.deepEqual(reasons, ['common-name-mismatch', 'certificate-expired', 'certificate-not-yet-valid']);
});

test('a disabled enrollment is told apart only by who proved to be its device', () => {
  const stopped = { ...byKey, isEnabled: false };
  assert.equal(outcome(stopped, { token: tokenOf(keys.primaryKey) }), 'enrollment-disabled');
  assert.equal(outcome(stopped, { token: tokenOf(Buffer.alloc(32).toString('base64')) }), 'token-signature');
});
