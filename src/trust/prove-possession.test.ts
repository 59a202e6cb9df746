import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, type Instant, minuteMs, plus } from '#base/instant.ts';
import { encodeName } from '#pki/names.ts';
import {
  makeCa,
  makeDailyLeaf,
  makeOriginalProof,
  makeOriginalTenantCa,
  makeProof,
  makeSelfSigned,
  makeSphereAuthorities,
  type TestCertificate,
  testNow,
} from '#test/support/certificates.ts';
import { checkPossession, type PossessionClaim } from './prove-possession.ts';

const code = '0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF';
const codeExpiresAt = plus(testNow, 7 * dayMs);
const { tenant } = await makeSphereAuthorities();

function check(proof: TestCertificate | Buffer, change: Partial<PossessionClaim> = {}) {
  return checkPossession({
    ca: tenant.certificate,
    proof: Buffer.isBuffer(proof) ? proof : proof.der,
    code,
    codeExpiresAt,
    at: testNow,
    ...change,
  });
}

/** 'accepted', or why not. */
function outcome(...parameters: Parameters<typeof check>): string {
  const verdict = check(...parameters);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

test('sphere 23: a proof of our own profile is accepted as DER, as PEM and as base64', async () => {
  const proof = await makeProof(tenant, code);
  for (const file of [proof.der, Buffer.from(proof.pem), Buffer.from(proof.der.toString('base64'))])
    assert.equal(outcome(file), 'accepted');
});

test('sphere 25: a proof of the original shape, encipherOnly with a critical empty EKU, is accepted', () => {
  const original = makeOriginalTenantCa();
  assert.equal(outcome(makeOriginalProof(original, code), { ca: original.certificate }), 'accepted');
});

test('usages and constraints of a proof are not looked at: one with CA:TRUE and serverAuth is accepted', () => {
  const proof = makeOriginalProof(tenant, code, {
    basicConstraints: { isCa: true },
    keyUsage: ['keyCertSign'],
    purposes: { oids: ['1.3.6.1.5.5.7.3.1'] },
  });
  assert.equal(outcome(proof), 'accepted');
});

test('white space around the code is trimmed on either side', async () => {
  assert.equal(outcome(await makeProof(tenant, code), { code: ` ${code}\n` }), 'accepted');
  assert.equal(outcome(makeOriginalProof(tenant, ` ${code} `)), 'accepted');
});

test('sphere 26: a wrong code, a part of the code and the code in lower case are refused', async () => {
  for (const wrong of ['A'.repeat(48), code.slice(1), `${code}0`, code.toLowerCase(), 'x']) {
    assert.equal(outcome(await makeProof(tenant, wrong)), 'ProofCodeMismatch');
  }
});

test('two common names, or none, are refused even when one of them is the code', () => {
  const names = [
    [
      ['CN', code],
      ['CN', code],
    ],
    [
      ['CN', 'x'],
      ['CN', code],
    ],
    [['O', code]],
  ] as const;
  for (const subject of names) assert.equal(outcome(makeOriginalProof(tenant, code, { subject })), 'ProofCodeMismatch');
});

test('sphere 27: a proof signed by the CA of another tenant is refused', async () => {
  const other = await makeSphereAuthorities();
  assert.equal(outcome(await makeProof(other.tenant, code)), 'ProofIssuerMismatch');
});

test('sphere 28: a proof with the issuer name of the CA but another key is refused', async () => {
  const forger = makeCa({ subjectDer: tenant.certificate.subjectDer });
  assert.equal(outcome(await makeProof(forger, code)), 'ProofSignatureInvalid');
});

test('the issuer name is compared as DER, not as text', () => {
  const utf8 = Buffer.from(encodeName([['CN', 'Test CA']]));
  utf8[utf8.indexOf(0x13)] = 0x0c;
  const ca = makeCa();
  assert.equal(outcome(makeOriginalProof(ca, code, { issuerDer: utf8 }), { ca: ca.certificate }), 'ProofIssuerMismatch');
});

test('sphere 31: a proof is refused after its sixty minutes, and long before it begins', async () => {
  const proof = await makeProof(tenant, code);
  const cases: [at: Instant, expected: string][] = [
    [plus(testNow, hourMs), 'accepted'],
    [plus(testNow, 61 * minuteMs), 'ProofExpired'],
    [plus(testNow, dayMs), 'ProofExpired'],
    [plus(testNow, -9 * minuteMs), 'accepted'],
    [plus(testNow, -11 * minuteMs), 'ProofExpired'],
  ];
  for (const [at, expected] of cases) assert.equal(outcome(proof, { at }), expected);
});

test('sphere 32: the CA itself, and any self-signed certificate, is refused as a proof', () => {
  assert.equal(outcome(tenant), 'ProofIsCa');
  assert.equal(outcome(makeSelfSigned(code)), 'ProofIsCa');
});

test('sphere 33: without an outstanding code, and after the code has expired, a good proof is refused as stale', async () => {
  const proof = await makeProof(tenant, code);
  assert.equal(outcome(proof, { code: undefined, codeExpiresAt: undefined }), 'ProofCodeStale');
  assert.equal(outcome(proof, { codeExpiresAt: plus(testNow, -1) }), 'ProofCodeStale');
  assert.equal(outcome(proof, { codeExpiresAt: undefined }), 'ProofCodeStale');
});

test('sphere 40: what is no single certificate is refused as malformed', async () => {
  const proof = await makeProof(tenant, code);
  const files = [
    Buffer.alloc(0),
    Buffer.alloc(1 << 20, 0x30),
    Buffer.from('hello'),
    Buffer.from(proof.pem + proof.pem),
    Buffer.concat([proof.der, Buffer.of(0)]),
    proof.der.subarray(0, -1),
  ];
  for (const file of files) assert.equal(outcome(file), 'ProofMalformed');
});

test('the first rule in the order of the table names the refusal', async () => {
  const other = await makeSphereAuthorities();
  const wrongInEveryWay = makeOriginalProof(other.tenant, 'wrong', { notAfter: plus(testNow, -dayMs) });
  assert.equal(outcome(wrongInEveryWay, { code: undefined }), 'ProofIssuerMismatch');
  assert.equal(outcome(wrongInEveryWay), 'ProofCodeMismatch');
  const old = await makeProof(tenant, code, plus(testNow, -2 * hourMs));
  assert.equal(outcome(old, { codeExpiresAt: plus(testNow, -1) }), 'ProofExpired');
});

test('a refusal tells what passed before it, what failed and what mends it', async () => {
  const verdict = check(await makeProof(tenant, code), { at: plus(testNow, dayMs) });
  assert.ok(!verdict.accepted);
  assert.deepEqual(
    verdict.refusal.trace.map(({ check: name, passed }) => [name, passed]),
    [
      ['ProofMalformed', true],
      ['ProofIsCa', true],
      ['ProofCodeMismatch', true],
      ['ProofIssuerMismatch', true],
      ['ProofSignatureInvalid', true],
      ['ProofExpired', false],
    ],
  );
  assert.equal(verdict.refusal.fix, 'Download a new proof.');
});

test('a daily leaf of the tenant proves nothing', async () => {
  const { leaf } = await makeDailyLeaf(tenant);
  assert.equal(outcome(leaf), 'ProofCodeMismatch');
});
