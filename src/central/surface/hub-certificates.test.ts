import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { makeCa, makeOriginalProof } from '#test/support/certificates.ts';

describe('CA certificates of the hub', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  test('of a named hub are those of the first under its own name, and of no hub there are none', async () => {
    const ca = makeCa({ name: 'By name' });
    assert.equal((await call('PUT', '/api/ui/hubs/home/certificates/by-name', { certificate: ca.pem })).status, 200);
    assert.equal((await call('GET', '/api/ui/hub/certificates/by-name')).json.id, 'by-name');
    assert.equal((await call('DELETE', '/api/ui/hubs/home/certificates/by-name')).status, 204);
    const { status, json } = await call('GET', '/api/ui/hubs/away/certificates');
    assert.deepEqual([status, (json.error as { code: string }).code], [404, 'HubNotFound']);
  });

  const path = '/api/ui/hub/certificates/factory';

  test('upload, code and proof make a hub CA verified, apart from the CAs of provisioning', async () => {
    const ca = makeCa({ name: 'Factory' });
    const uploaded = await call('PUT', path, { certificate: ca.pem });
    assert.deepEqual([uploaded.status, uploaded.json.id, uploaded.json.verified], [200, 'factory', false]);
    const { json } = await call('POST', `${path}/generateVerificationCode`);
    const wrong = await call('POST', `${path}/verify`, { certificate: makeOriginalProof(ca, 'A'.repeat(48)).pem });
    assert.deepEqual([wrong.status, (wrong.json.error as { code: string }).code], [400, 'ProofCodeMismatch']);
    const proof = makeOriginalProof(ca, String(json.verificationCode));
    assert.equal((await call('POST', `${path}/verify`, { certificate: proof.pem })).status, 204);
    const list = (await call('GET', '/api/ui/hub/certificates')).json.value as { id: string; verified: boolean }[];
    assert.equal(list.find(({ id }) => id === 'factory')?.verified, true);
    assert.deepEqual(await bench.authorities.loadVerified(), []);
    assert.equal((await call('DELETE', path)).status, 204);
    assert.equal((await call('GET', path)).status, 404);
    assert.equal((await call('DELETE', path)).status, 404);
  });
});
