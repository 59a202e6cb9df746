import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { makeCa, makeLeaf, makeOriginalProof } from '#test/support/certificates.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';

describe('the revocation list of a group’s CA', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  const ca = makeCa({ name: 'Factory' });
  const group = '/api/enrollmentGroups/factory';
  const path = '/api/ui/enrollmentGroups/factory/certificates/primary/revocationList';
  const listOf = (request: Partial<Parameters<typeof makeRevocationList>[0]> = {}) => {
    const now = bench.clock.now();
    const dates = { thisUpdate: plus(now, -hourMs), nextUpdate: plus(now, dayMs) };
    return makeRevocationList({ issuer: ca, ...dates, ...request }).toString('base64');
  };

  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
    await call('PUT', group, { displayName: 'Factory', type: 'iot', attestation: { type: 'x509' } });
    await call('PUT', `${group}/certificates/primary`, { certificate: ca.pem });
    const { json } = await call('POST', `${group}/certificates/primary/generateVerificationCode`);
    const proof = makeOriginalProof(ca, String(json.verificationCode));
    assert.equal((await call('POST', `${group}/certificates/primary/verify`, { certificate: proof.pem })).status, 204);
    await call('PUT', `${group}/certificates/secondary`, { certificate: makeCa({ name: 'Next' }).pem });
  });
  after(() => bench.close());

  test('is taken and shows what it says', async () => {
    assert.deepEqual((await call('GET', path)).json, { value: [] });
    const taken = await call('PUT', path, { list: listOf({ revoked: [makeLeaf({ issuer: ca }).certificate] }) });
    assert.equal(taken.status, 200, JSON.stringify(taken.json));
    const [list] = taken.json.value as { entries: number; hasEnded: boolean; addedBy: string }[];
    assert.deepEqual([list?.entries, list?.hasEnded], [1, false]);
    assert.deepEqual((await call('GET', path)).json, taken.json);
  });

  test('waits until the CA is verified', async () => {
    const early = await call('PUT', path.replace('primary', 'secondary'), { list: listOf() });
    assert.equal(early.status, 409);
    assert.match(String((early.json.error as { message: string }).message), /Verify the certificate first/);
  });

  test('of another CA, or no list at all, is refused with the reason', async () => {
    const other = await call('PUT', path, { list: listOf({ issuer: makeCa({ name: 'Other' }) }) });
    assert.equal(other.status, 400);
    assert.match(String((other.json.error as { message: string }).message), /one of another CA, not of CN=Factory/);
    assert.equal((await call('PUT', path, { list: 'bm90aGluZw==' })).status, 400);
    assert.equal((await call('PUT', path, { list: '' })).status, 400);
    const missing = await call('GET', path.replace('primary', 'third'));
    assert.equal(missing.status, 404);
  });
});
