import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, plus } from '#base/instant.ts';
import { parseCrl } from '#pki/crl.ts';
import { issueCrl } from '#pki/issue-crl.ts';
import { makeCa, makeSphereAuthorities, testNow } from '#test/support/certificates.ts';
import { checkIssuer, type IssuerAttempt } from './check-issuer.ts';
import { noRevocation } from './revocation.ts';

const ownEnd = plus(testNow, 365 * dayMs);
const own = makeCa({ name: 'Own', notAfter: ownEnd });
const other = makeCa({ name: 'Other', notAfter: ownEnd });
const renewed = makeCa({ name: 'Own', key: own, notAfter: plus(testNow, 2 * 365 * dayMs) });

function outcome(more: Partial<IssuerAttempt> = {}): string {
  const verdict = checkIssuer({
    pinnedSha256: own.certificate.sha256Thumbprint,
    issuer: other.certificate,
    verified: [own.certificate, other.certificate],
    revocation: noRevocation,
    at: testNow,
    ...more,
  });
  if (!verdict.accepted) assert.ok(verdict.refusal.fix);
  return verdict.accepted ? verdict.value : verdict.refusal.reason;
}

test('sphere 57: another CA than before is refused while the one before is good for more than 90 days', () => {
  assert.equal(outcome(), 'issuer-changed');
  assert.equal(outcome({ at: plus(ownEnd, -90 * dayMs - 1) }), 'issuer-changed');
});

test('the CA before, and another certificate of its key, are the same issuer', () => {
  assert.equal(outcome({ issuer: own.certificate }), 'same');
  const verified = [own.certificate, renewed.certificate];
  assert.equal(outcome({ issuer: renewed.certificate, verified }), 'same');
});

test('in its last 90 days, after its end, and once it is not verified any more, a CA may be followed', () => {
  assert.equal(outcome({ at: plus(ownEnd, -90 * dayMs) }), 'follows');
  assert.equal(outcome({ at: plus(ownEnd, dayMs) }), 'follows');
  assert.equal(outcome({ verified: [other.certificate] }), 'follows');
});

test('a CA that was revoked may be followed at once', async () => {
  const { policy, tenant } = await makeSphereAuthorities();
  const next = (await makeSphereAuthorities({ policy })).tenant;
  const entry = { serialHex: tenant.certificate.serialHex, at: testNow, reason: 'cACompromise' } as const;
  const crl = parseCrl(issueCrl({ issuer: policy, number: 1n, entries: [entry], now: testNow }));
  const attempt = {
    pinnedSha256: tenant.certificate.sha256Thumbprint,
    issuer: next.certificate,
    verified: [tenant.certificate, next.certificate],
  };
  assert.equal(outcome(attempt), 'issuer-changed');
  const revocation = { lists: [{ crl, signer: policy.certificate }], endedLists: 'refuse' } as const;
  assert.equal(outcome({ ...attempt, revocation }), 'follows');
});

test('a namesake of the CA before is another issuer, and the refusal tells them apart', () => {
  const namesake = makeCa({ name: 'Own' });
  const verdict = checkIssuer({
    pinnedSha256: own.certificate.sha256Thumbprint,
    issuer: namesake.certificate,
    verified: [own.certificate, namesake.certificate],
    revocation: noRevocation,
    at: testNow,
  });
  assert.ok(!verdict.accepted);
  for (const { certificate } of [own, namesake]) assert.ok(verdict.refusal.detail.includes(certificate.sha1Thumbprint));
});
