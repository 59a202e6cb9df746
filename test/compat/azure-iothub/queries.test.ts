import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

describe('queries through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  const ids = Array.from({ length: 5 }, (_, number) => `asked-${number}`);
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    await registry.addDevices(ids.map((deviceId, at) => ({ deviceId, status: at === 0 ? 'disabled' : 'enabled' })));
    for (const [at, deviceId] of ids.entries()) {
      await registry.updateTwin(deviceId, { tags: { parity: at % 2 === 0 ? 'even' : 'odd', 'my-tag': { rank: at } } }, '*');
    }
    await registry.addModule({ deviceId: 'asked-1', moduleId: 'camera' });
  });
  after(() => bench?.close());

  const own = "STARTSWITH(deviceId, 'asked-')";
  /** Page by page, as long as the SDK says that there is more; `next` alone would ask for the first page again. */
  async function pages(text: string, pageSize?: number): Promise<Record<string, unknown>[][]> {
    const query = registry.createQuery(text, pageSize);
    const all: Record<string, unknown>[][] = [];
    while (query.hasMoreResults) all.push((await query.next(query.continuationToken)).result as Record<string, unknown>[]);
    return all;
  }
  const rows = async (text: string) => (await pages(text)).flat();
  const named = async (text: string) => (await rows(text)).map(({ deviceId }) => deviceId);

  test('hub-service 43: pages of two over five devices, as twins, and the SDK knows when it has them all', async () => {
    const query = registry.createQuery(`SELECT * FROM devices WHERE ${own}`, 2);
    const sizes: number[] = [];
    const found: string[] = [];
    while (query.hasMoreResults) {
      const { result } = await query.nextAsTwin();
      sizes.push(result.length);
      found.push(...result.map(({ deviceId }) => deviceId));
    }
    assert.deepEqual([sizes, found], [[2, 2, 1], ids]);
    assert.deepEqual(
      (await pages(`SELECT TOP 3 * FROM devices WHERE ${own}`, 2)).map((page) => page.length),
      [2, 1],
    );
  });

  test('a twin of a query can be changed as one that was fetched', async () => {
    const { result } = await registry.createQuery("SELECT * FROM devices WHERE deviceId = 'asked-3'").nextAsTwin();
    const [twin] = result;
    assert.ok(twin);
    await twin.update({ tags: { seen: true } });
    assert.deepEqual(await named('SELECT deviceId FROM devices WHERE tags.seen = true'), ['asked-3']);
  });

  test('hub-service 45, 46: aliases, functions, lists and odd names', async () => {
    const [row] = await rows(
      "SELECT deviceId AS DeviceId, tags.[[my-tag]].rank AS Rank FROM devices WHERE startswith(devices.deviceId,'asked-4')",
    );
    assert.deepEqual(row, { DeviceId: 'asked-4', Rank: 4 });
    assert.deepEqual(await named("SELECT deviceId FROM devices WHERE deviceId IN ['asked-1', 'asked-2', 'nobody']"), [
      'asked-1',
      'asked-2',
    ]);
    assert.deepEqual(await named(`SELECT deviceId FROM devices WHERE ${own} AND tags.parity NIN ['even']`), [
      'asked-1',
      'asked-3',
    ]);
    assert.deepEqual(
      await named(`SELECT deviceId FROM devices WHERE ${own} AND IS_DEFINED(tags.[[my-tag]]) AND tags.[[my-tag]].rank > 3`),
      ['asked-4'],
    );
    const [module] = await rows("select * from devices.modules where devices.deviceId in ['asked-1']");
    assert.deepEqual([module?.deviceId, module?.moduleId], ['asked-1', 'camera']);
  });

  test('hub-service 47: counts by status', async () => {
    assert.deepEqual(await rows(`SELECT status, COUNT() AS n FROM devices WHERE ${own} GROUP BY status`), [
      { status: 'disabled', n: 1 },
      { status: 'enabled', n: 4 },
    ]);
  });

  test('hub-service 48: what is no query is an ArgumentError that says where', async () => {
    await assert.rejects(registry.createQuery('SELEC').next(), (error: Error) => {
      assert.equal(error.name, 'ArgumentError');
      assert.match(error.message, /line 1, column 1/);
      return true;
    });
  });
});
