import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { auditListSchema } from '../contract/ui-audit.ts';
import { serverHealthSchema } from '../contract/ui-health.ts';

const operator = 'ae2c9854-393b-4f97-8c42-479d70ce626e';

describe('who changed what and how the server is, over the API', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  const list = async (query: Record<string, string>) =>
    auditListSchema.parse((await call('GET', `/api/ui/audit?${new URLSearchParams(query)}`)).json).value;

  test('a change is listed with its author and its place, and read on from behind an entry', async () => {
    const consumers = '/api/ui/hubs/home/consumer-groups';
    for (const name of ['one', 'two', 'three']) assert.equal((await call('POST', consumers, { name })).status, 201);
    const entries = await list({ service: 'central', hub: 'home', target: consumers });
    assert.equal(entries.length, 3);
    const [newest, middle] = entries;
    assert.ok(newest && middle && newest.sequence > middle.sequence);
    assert.deepEqual([newest.action, newest.status], ['POST /api/ui/hubs/:hub/consumer-groups', 201]);
    assert.equal(newest.peer, '127.0.0.1');
    const older = await list({ target: consumers, before: String(newest.sequence), limit: '1' });
    assert.deepEqual(older, [middle]);
    assert.deepEqual(await list({ target: consumers, actor: newest.actor }), entries);
    assert.deepEqual(await list({ actor: 'nobody' }), []);
    assert.deepEqual(await list({ target: consumers, until: '2001-01-01T00:00:00Z' }), []);
    assert.equal((await call('GET', '/api/ui/audit?since=yesterday')).status, 400);
  });

  test('an operator sees neither', async () => {
    const { json } = await call('PUT', '/api/apiTokens/operator', { roles: [{ role: operator }] });
    for (const path of ['/api/ui/audit', '/api/ui/health']) {
      assert.equal((await bench.ask('GET', path, { token: String(json.token) })).status, 403, path);
    }
    assert.deepEqual(serverHealthSchema.parse((await call('GET', '/api/ui/health')).json), { state: 'ok', concerns: [] });
  });
});
