import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import { makeDailyLeaf, makeSelfSigned, makeSphereAuthorities, testNow } from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { assuranceOf } from './assurance.ts';

async function leafWith(assuranceLevel: string): Promise<Buffer> {
  const { tenant } = await makeSphereAuthorities();
  const leaf = await issueCertificate({
    profile: 'sphere-leaf',
    subject: [['CN', 'device-1']],
    publicKey: generateEcKey('P-256').publicKey,
    issuer: tenant,
    now: testNow,
    random: seededRandom(),
    assuranceLevel,
  });
  return leaf.der;
}

test('a daily certificate says in words how far its device was attested', async () => {
  assert.equal(assuranceOf(await leafWith('A0')), 'attested, software key');
  assert.equal(assuranceOf(await leafWith('A2')), 'attested, TPM key and measured boot');
});

test('a certificate without the level, or with one that does not exist, attests nothing', async () => {
  const { tenant } = await makeSphereAuthorities();
  assert.equal(assuranceOf((await makeDailyLeaf(tenant)).leaf.der), 'custom certificate — not attested');
  assert.equal(assuranceOf(makeSelfSigned().der), 'custom certificate — not attested');
  assert.equal(assuranceOf(await leafWith('A9')), 'custom certificate — not attested');
});
