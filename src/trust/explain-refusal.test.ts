import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hourMs, plus } from '#base/instant.ts';
import { makeCa, makeLeaf, makeSelfSigned, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { attestDevice } from './attest-device.ts';
import { type ExplainedAttempt, explainRefusal } from './explain-refusal.ts';
import { meaningOf, refusalMeanings } from './refusal-meanings.ts';
import { noRevocation } from './revocation.ts';
import { type RefusalReason, refusalReasons, refuse } from './verdict.ts';

const root = makeCa({ name: 'Root' });
const line = makeCa({ name: 'Line', issuer: root });
const leaf = makeLeaf({ name: 'dev1', issuer: line });
const ended = { notBefore: plus(testNow, -2 * hourMs), notAfter: plus(testNow, -hourMs) };

type Trusted = { verified?: readonly TestCertificate[]; unverified?: readonly TestCertificate[] };

/** What trust says of these certificates for the group whose CAs these are, explained. */
function explained(sent: readonly TestCertificate[], { verified = [], unverified = [] }: Trusted) {
  const of = (certificates: readonly TestCertificate[]) => certificates.map(({ certificate }) => certificate);
  const certificates = sent.map(({ der }) => der);
  const verdict = attestDevice({
    registrationId: 'dev1',
    evidence: { certificates },
    groups: [{ groupId: 'g', isEnabled: true, anchors: of(verified), unverified: of(unverified) }],
    revocation: noRevocation,
    at: testNow,
  });
  assert.ok(!verdict.accepted);
  return explainRefusal(verdict.refusal, {
    certificates,
    authorities: { verified: of(verified), unverified: of(unverified) },
    at: testNow,
  });
}

const wordsOf = (refusal: { chain?: ReturnType<typeof explainRefusal>['chain'] }) =>
  (refusal.chain ?? []).map(({ role, subject, faults }) => [role, subject, ...faults.map(({ reason }) => reason)].join(' '));

describe('the explanation of a refusal', () => {
  const table: readonly [string, ReturnType<typeof explained>, RefusalReason, readonly string[]][] = [
    [
      'a missing intermediate is named as missing',
      explained([leaf], { verified: [root] }),
      'issuer-unknown',
      ['device CN=dev1', 'absent CN=Line issuer-unknown'],
    ],
    [
      'a missing intermediate comes before the end of the leaf, which is marked',
      explained([makeLeaf({ name: 'dev1', issuer: line, ...ended })], { verified: [root] }),
      'issuer-unknown',
      ['device CN=dev1 certificate-expired', 'absent CN=Line issuer-unknown'],
    ],
    [
      'an unverified CA comes before the end of the leaf',
      explained([makeLeaf({ name: 'dev1', issuer: root, ...ended })], { unverified: [root] }),
      'issuer-not-verified',
      ['device CN=dev1 certificate-expired', 'unverified-ca CN=Root issuer-not-verified'],
    ],
    [
      'a root that was sent and that nobody uploaded is where it ends',
      explained([leaf, line, root], { verified: [makeCa({ name: 'Other' })] }),
      'issuer-unknown',
      ['device CN=dev1', 'sent CN=Line', 'sent CN=Root issuer-unknown'],
    ],
    [
      'a chain in any order is put in order',
      explained([makeLeaf({ name: 'dev1', issuer: line, ...ended }), root, line], { verified: [root] }),
      'certificate-expired',
      ['device CN=dev1 certificate-expired', 'sent CN=Line', 'verified-ca CN=Root'],
    ],
    [
      'a verified CA that has ended is marked, and the leaf beside it',
      explained([makeLeaf({ name: 'dev1', issuer: root, ...ended })], {
        verified: [makeCa({ name: 'Root', key: root, ...ended })],
      }),
      'issuer-expired',
      ['device CN=dev1 certificate-expired', 'verified-ca CN=Root issuer-expired'],
    ],
    [
      'a namesake of the verified CA is told apart by the key',
      explained([makeLeaf({ name: 'dev1', issuer: root })], { verified: [makeCa({ name: 'Root' })] }),
      'signature-invalid',
      ['device CN=dev1 signature-invalid', 'verified-ca CN=Root'],
    ],
    [
      'a certificate that signed itself has nothing above it',
      explained([makeSelfSigned('dev1', { basicConstraints: { isCa: false } })], { verified: [root] }),
      'issuer-unknown',
      ['device CN=dev1 issuer-unknown'],
    ],
    [
      'another name is a fault of the leaf',
      explained([makeLeaf({ name: 'dev2', issuer: line }), line], { verified: [root] }),
      'common-name-mismatch',
      ['device CN=dev2 common-name-mismatch', 'sent CN=Line', 'verified-ca CN=Root'],
    ],
  ];
  for (const [name, refusal, reason, words] of table) {
    test(name, () => {
      assert.equal(refusal.reason, reason);
      assert.deepEqual(wordsOf(refusal), words);
      assert.equal(refusal.at, testNow);
    });
  }

  const refusal = refuse('thumbprint-mismatch', 'Another one.').refusal;
  const only = (certificates: readonly Buffer[]): ExplainedAttempt => ({ certificates, at: testNow });

  test('where no chain is built, only the leaf and its dates are looked at', () => {
    const server = makeLeaf({ name: 'dev1', issuer: line, ...ended, purposes: { oids: ['1.3.6.1.5.5.7.3.1'] } });
    const words = wordsOf(explainRefusal(refusal, only([server.der, line.der])));
    assert.deepEqual(words, ['device CN=dev1 thumbprint-mismatch certificate-expired']);
  });

  test('a fault that no certificate shows stands at the one that is named, and not at one whose name only begins so', () => {
    const longer = makeCa({ name: 'Line 10', issuer: root });
    const device = makeLeaf({ name: 'dev1', issuer: longer });
    const revoked = refuse('issuer-revoked', 'CN=Line 10 was revoked.').refusal;
    const authorities = { verified: [root.certificate], unverified: [] };
    const attempt = { certificates: [device.der, longer.der], authorities, at: testNow };
    assert.deepEqual(wordsOf(explainRefusal(revoked, attempt)), [
      'device CN=dev1',
      'sent CN=Line 10 issuer-revoked',
      'verified-ca CN=Root',
    ]);
    const other = refuse('issuer-revoked', 'CN=Line 1 was revoked.').refusal;
    assert.ok(explainRefusal(other, attempt).chain?.every(({ faults }) => faults.length === 0));
  });

  test('what cannot be read is no part of the chain, and without a certificate there is none', () => {
    assert.equal(explainRefusal(refusal, only([Buffer.from('no certificate'), line.der])).chain, undefined);
    assert.equal(explainRefusal(refusal, only([])).chain, undefined);
  });

  test('many certificates make no long chain', () => {
    const tower = [makeCa({ name: 'CA 0' })];
    for (let i = 1; i < 12; i++) tower.push(makeCa({ name: `CA ${i}`, issuer: tower[i - 1] as TestCertificate }));
    const top = tower.at(-1) as TestCertificate;
    const { chain = [] } = explained([makeLeaf({ name: 'dev1', issuer: top }), ...tower.toReversed()], { verified: [root] });
    assert.ok(chain.length <= 7, `${chain.length}`);
  });
});

test('every reason has a sentence and a fix that fit where they are shown', () => {
  for (const reason of refusalReasons) {
    const { means, fix } = refusalMeanings[reason];
    for (const text of [means, fix]) assert.match(text, /^[A-Z{].{10,398}\.$/, reason);
    assert.equal(meaningOf(reason), refusalMeanings[reason]);
  }
  assert.equal(meaningOf('toString'), undefined);
});
