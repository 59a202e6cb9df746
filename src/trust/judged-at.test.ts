import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, plus } from '#base/instant.ts';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import { makeLeaf, makeSphereAuthorities, testNow } from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { judgedAt } from './judged-at.ts';

const { tenant } = await makeSphereAuthorities();
const daily = await issueCertificate({
  profile: 'sphere-leaf',
  subject: [['CN', 'device-1']],
  publicKey: generateEcKey('P-256').publicKey,
  issuer: tenant,
  now: testNow,
  random: seededRandom('judged-at'),
  assuranceLevel: 'A0',
});
const earlier = plus(testNow, -hourMs);
const provenAt = (at: typeof testNow) => ({ lists: [], endedLists: 'refuse', provenAt: at }) as const;

test('sphere 74: a daily certificate is judged by the latest instant that is known to have been reached', () => {
  assert.equal(judgedAt(daily, { at: earlier, revocation: provenAt(testNow) }), testNow);
  assert.equal(judgedAt(daily, { at: testNow, revocation: provenAt(earlier) }), testNow);
  assert.equal(judgedAt(daily, { at: earlier, revocation: { lists: [], endedLists: 'refuse' } }), earlier);
});

test('any other certificate is judged by the clock, so that one wrong hour of ours shuts nobody else out', () => {
  const other = makeLeaf({ issuer: tenant }).certificate;
  assert.equal(judgedAt(other, { at: earlier, revocation: provenAt(testNow) }), earlier);
});
