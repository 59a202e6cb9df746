import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CentralBench, openCentralBench } from '#test/support/central-bench.ts';
import { hubCountersSchema, hubOverviewSchema, hubPolicyKeysSchema } from '../contract/ui-hub-overview.ts';

describe('a hub at a glance over the API', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  const hub = '/api/ui/hubs/home';
  const errorOf = (json: { error?: unknown }) => json.error as { code: string; message: string };

  test('is its devices, who of them may not connect, and where its events are read', async () => {
    await bench.registry.create({ deviceId: 'kept-out', authentication: { type: 'sas' }, isEnabled: false });
    const overview = hubOverviewSchema.parse((await call('GET', hub)).json);
    assert.equal(overview.hostName, 'home.test');
    assert.ok(overview.disabledCount >= 1 && overview.deviceCount >= overview.disabledCount);
    assert.deepEqual([overview.events.entity, overview.events.state], ['home', 'ok']);
    assert.equal((await call('GET', '/api/ui/hubs/away')).status, 404);
  });

  test('its counters grow by one for each message that readers see', async () => {
    const read = async () => hubCountersSchema.parse((await call('GET', `${hub}/counters`)).json).events;
    const before = await read();
    await bench.send('kept-out', '{"a":1}');
    await bench.send('kept-out', '{"a":2}');
    assert.equal(await read(), before + 2);
  });

  test('policies are told without keys, and one by one with keys and the strings that back ends take', async () => {
    const list = await call('GET', `${hub}/policies`);
    const [owner] = list.json.value as { name: string; rights: string[] }[];
    assert.deepEqual(owner, {
      name: 'iothubowner',
      rights: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
    });
    const keys = hubPolicyKeysSchema.parse((await call('GET', `${hub}/policies/iothubowner/keys`)).json);
    for (const { text } of [list, await call('GET', hub)]) assert.ok(!text.includes(keys.keys.primary));
    assert.equal(Buffer.from(keys.keys.primary, 'base64').length, 32);
    assert.notEqual(keys.keys.primary, keys.keys.secondary);
    assert.equal(
      keys.connectionStrings.secondary,
      `HostName=home.test;SharedAccessKeyName=iothubowner;SharedAccessKey=${keys.keys.secondary}`,
    );
    assert.equal(
      keys.eventConnectionStrings?.primary,
      `Endpoint=sb://home.test/;SharedAccessKeyName=iothubowner;SharedAccessKey=${keys.keys.primary};EntityPath=home`,
    );
    const device = hubPolicyKeysSchema.parse((await call('GET', `${hub}/policies/device/keys`)).json);
    assert.equal(device.eventConnectionStrings, undefined, 'a policy of devices reads no events');
    assert.equal((await call('GET', `${hub}/policies/nobody/keys`)).status, 404);
  });

  test('a consumer group is added and deleted; a bad name, a name taken and $Default are refused in words', async () => {
    const groups = `${hub}/consumer-groups`;
    assert.equal((await call('POST', groups, { name: 'dashboards' })).status, 201);
    const names = ((await call('GET', groups)).json.value as { name: string }[]).map(({ name }) => name);
    assert.ok(names.includes('$Default') && names.includes('dashboards'));
    const again = await call('POST', groups, { name: 'Dashboards' });
    assert.deepEqual([again.status, errorOf(again.json).code], [409, 'AlreadyExists']);
    assert.match(errorOf((await call('POST', groups, { name: '-' })).json).message, /at most 50 letters/);
    assert.equal((await call('DELETE', `${groups}/%24Default`)).status, 409);
    assert.equal((await call('DELETE', `${groups}/dashboards`)).status, 204);
    assert.equal((await call('DELETE', `${groups}/dashboards`)).status, 404);
  });
});
