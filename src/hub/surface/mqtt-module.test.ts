import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type HubBench, openHubBench, parseBody, settled, type TestDevice, until } from '#test/support/hub-bench.ts';

const own = 'devices/dev1/modules/mod1';
const events = `${own}/messages/events`;
const twinFilter = '$iothub/twin/res/#';

describe('sessions of modules on MQTT', () => {
  let bench: HubBench;
  let module: TestDevice;
  const connect = (moduleId = 'mod1', options = {}) => bench.connect({ deviceId: 'dev1', moduleId, ...options });
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('dev1');
    for (const moduleId of ['mod1', 'mod2']) await bench.addModule('dev1', moduleId);
    module = await connect();
  });
  afterEach(() => bench.close());

  test('hub 65: what a module sends to an output carries the output’s name and its own', async () => {
    // Python and C end the topic with the bag, Node ends it with a slash; Java writes the names raw.
    const bags = ['%24.mid=1&%24.on=out1&a=b%20c', '%24.on=out1&a=b%20c/', '$.on=out1&a=b%20c&$.cmid=forged&$.cdid=forged'];
    for (const bag of bags) await module.send(`${events}/${bag}`, '{"t":1}');
    const messages = await bench.stored('Telemetry');
    assert.equal(messages.length, bags.length);
    for (const message of messages) {
      assert.deepEqual([message.deviceId, message.moduleId, message.body.toString()], ['dev1', 'mod1', '{"t":1}']);
      const { system, application } = message.properties();
      assert.equal(system['iothub-outputname'], 'out1');
      assert.equal(system['iothub-connection-device-id'], 'dev1');
      assert.equal(system['iothub-connection-module-id'], 'mod1');
      assert.equal(JSON.parse(system['iothub-connection-auth-method'] ?? '').scope, 'module');
      assert.deepEqual({ ...application }, { a: 'b c' });
    }
  });

  test('hub 65: telemetry without an output, with and without the final slash, is the module’s', async () => {
    await module.send(events, '1');
    await module.send(`${events}/`, '2');
    assert.deepEqual(
      (await bench.stored('Telemetry')).map(({ moduleId, body }) => [moduleId, body.toString()]),
      [
        ['mod1', '1'],
        ['mod1', '2'],
      ],
    );
  });

  const foreign: [whose: string, topic: string][] = [
    ['its device', 'devices/dev1/messages/events/'],
    ['another module', 'devices/dev1/modules/mod2/messages/events/'],
    ['a module of another case', 'devices/dev1/modules/MOD1/messages/events/'],
    ['another device’s module of its name', 'devices/dev2/modules/mod1/messages/events/'],
  ];
  for (const [whose, topic] of foreign) {
    test(`a message in the name of ${whose} is not taken and ends the session`, async () => {
      module.sendOnce(topic);
      await until('the session is closed', () => module.closed !== undefined);
      await settled();
      assert.deepEqual(await bench.stored('Telemetry'), []);
      assert.equal((await bench.refusal())?.subject, 'dev1/mod1');
    });
  }

  test('a device may not send in the name of its module', async () => {
    const device = await bench.connect({ deviceId: 'dev1' });
    device.sendOnce(`${events}/`);
    await until('the session is closed', () => device.closed !== undefined);
    assert.deepEqual(await bench.stored('Telemetry'), []);
    assert.equal(module.closed, undefined);
  });

  test('hub 67: Java’s module client subscribes messages at once and is granted them', async () => {
    assert.deepEqual(await module.subscribe([`${own}/messages/devicebound/#`, 1]), [1]);
  });

  test('what C, .NET, Node and Python subscribe is granted; what is somebody else’s is refused with 0x80', async () => {
    const codes = await module.subscribe(
      [`${own}/#`, 1],
      [`${own}/inputs/#`, 1],
      ['$iothub/methods/POST/#', 0],
      [twinFilter, 0],
      ['$iothub/twin/PATCH/properties/desired/#', 0],
      ['devices/dev1/messages/devicebound/#', 1],
      ['devices/dev1/modules/mod2/#', 1],
      ['devices/dev1/#', 1],
      [`${own}/inputs/+`, 1],
    );
    assert.deepEqual(codes, [1, 1, 0, 0, 0, 0x80, 0x80, 0x80, 0x80]);
    const device = await bench.connect({ deviceId: 'dev1' });
    assert.deepEqual(await device.subscribe([`${own}/#`, 1], [`${own}/inputs/#`, 1]), [0x80, 0x80]);
  });

  test('hub 65: the twin that a module reads, reports to and hears of is its own', async () => {
    await module.subscribe(twinFilter, '$iothub/twin/PATCH/properties/desired/#');
    const other = await connect('mod2');
    const device = await bench.connect({ deviceId: 'dev1' });
    for (const session of [other, device]) await session.subscribe('$iothub/twin/PATCH/properties/desired/#');
    module.sendOnce('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"fw":"1.2"}');
    assert.match((await module.message('$iothub/twin/res/204/')).topic, /\?\$rid=1&\$version=2$/);
    await bench.hub.twins.patchDesired('dev1/mod1', { interval: 5 });
    const push = await module.message('$iothub/twin/PATCH/properties/desired/?$version=2');
    assert.deepEqual(parseBody(push), { interval: 5, $version: 2 });
    module.sendOnce('$iothub/twin/GET/?$rid=2', ' ');
    assert.deepEqual(parseBody(await module.message('$iothub/twin/res/200/')), {
      desired: { interval: 5, $version: 2 },
      reported: { fw: '1.2', $version: 2 },
    });
    assert.deepEqual((await bench.hub.twins.load('dev1')).reported, {});
    assert.deepEqual([other.messages, device.messages], [[], []]);
    const changes = (await bench.stored('twinChangeEvents')).map(({ moduleId }) => moduleId);
    assert.deepEqual(changes, ['mod1', 'mod1']);
  });

  test('a newer connection of the same module ends the older one, and nobody else', async () => {
    const other = await connect('mod2');
    const device = await bench.connect({ deviceId: 'dev1' });
    const newer = await connect();
    assert.equal(module.closed, 'newer-connection');
    assert.deepEqual([other.closed, device.closed, newer.closed], [undefined, undefined, undefined]);
    assert.equal(bench.hub.presence.connectedCount, 1);
    await until('events are stored', async () => (await bench.stored('deviceConnectionStateEvents')).length === 5);
    assert.deepEqual(await bench.operations('deviceConnectionStateEvents'), [
      'moduleConnected',
      'moduleConnected',
      'deviceConnected',
      'moduleDisconnected',
      'moduleConnected',
    ]);
    await newer.send(`${events}/`);
  });

  test('subscriptions of a stored session are found again under the module’s name', async () => {
    await module.subscribe([`${own}/inputs/#`, 1]);
    await module.disconnect();
    const device = await bench.connect({ deviceId: 'dev1' });
    assert.equal(device.answer.sessionPresent, false);
    assert.equal((await connect('mod2')).answer.sessionPresent, false);
    assert.equal((await connect()).answer.sessionPresent, true);
    const rows = await bench.database.selectFrom('hub_session').select(['identity', 'subscriptions']).execute();
    const stored = new Map(rows.map(({ identity, subscriptions }) => [identity, JSON.parse(subscriptions)]));
    assert.deepEqual(stored.get('dev1/mod1'), [[`${own}/inputs/#`, 1]]);
    assert.deepEqual(stored.get('dev1'), []);
  });

  test('the will of a module goes to its own topic, and is delivered in its name', async () => {
    const payload = Buffer.from('"gone"');
    const refused = await connect('mod1', { will: { topic: 'devices/dev1/messages/events/', payload, qos: 1, retain: false } });
    assert.equal(refused.answer.code, 5);
    const willing = await connect('mod1', { will: { topic: `${events}/a=1`, payload, qos: 1, retain: false } });
    willing.cut();
    await until('the will is stored', async () => (await bench.stored('Telemetry')).length === 1);
    const [message] = await bench.stored('Telemetry');
    assert.deepEqual([message?.moduleId, message?.properties().application['iothub-MessageType']], ['mod1', 'Will']);
  });

  test('the model that a module names stands in its twin and in what it sends', async () => {
    const modelled = await connect('mod1', { modelId: 'dtmi:com:example:M;1' });
    await modelled.send(`${events}/`);
    const [message] = await bench.stored('Telemetry');
    assert.equal(message?.properties().system['dt-dataschema'], 'dtmi:com:example:M;1');
    assert.equal((await bench.hub.twins.load('dev1/mod1')).modelId, 'dtmi:com:example:M;1');
    assert.equal((await bench.hub.twins.load('dev1')).modelId, '');
  });
});
