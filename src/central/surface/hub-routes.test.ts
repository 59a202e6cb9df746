import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';

describe('hubs over the API', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  const hubs = '/api/ui/hubs';

  test('are listed with their names, addresses and devices; one is added and deleted again', async () => {
    const own = { name: 'home', hostName: 'home.test', url: 'https://home.test', deviceCount: 0, isApplications: true };
    assert.deepEqual((await call('GET', hubs)).json, { value: [own] });
    const made = await call('POST', hubs, { name: 'plant-2' });
    const added = {
      ...own,
      name: 'plant-2',
      hostName: 'plant-2.home.test',
      url: 'https://plant-2.home.test',
      isApplications: false,
    };
    assert.deepEqual([made.status, made.json], [201, added]);
    assert.deepEqual((await call('GET', hubs)).json, { value: [own, added] });
    assert.equal((await call('DELETE', `${hubs}/plant-2`)).status, 204);
    assert.deepEqual((await call('GET', hubs)).json, { value: [own] });
  });

  test('a body without a name, or with more than it, changes nothing', async () => {
    for (const body of [{}, { name: 1 }, { name: 'plant-3', hostName: 'x' }, { name: 'x'.repeat(257) }, []]) {
      const { status } = await call('POST', hubs, body);
      assert.equal(status, 400, JSON.stringify(body));
    }
    assert.equal(((await call('GET', hubs)).json.value as unknown[]).length, 1);
  });

  test('nobody adds, deletes or lists hubs without a sign-in', async () => {
    for (const [method, path] of [
      ['GET', hubs],
      ['POST', hubs],
      ['DELETE', `${hubs}/home`],
    ] as const) {
      const { status } = await bench.ask(method, path, method === 'POST' ? { body: { name: 'plant-4' } } : {});
      assert.equal(status, 401, method);
    }
  });
});
