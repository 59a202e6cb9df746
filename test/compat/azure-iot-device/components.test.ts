import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import device from 'azure-iot-device';
import iothub from 'azure-iothub';
import { makeKnown } from '#test/support/known-names.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { openSdkColumn, type SdkColumn, type TransportName, transportNames } from '#test/support/sdk-column.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';
import { openWire } from '#test/support/wire-device.ts';

const { Message } = device;
const hubName = 'hub.example';

describe('components and their commands, by the SDK of npm and by what others write', () => {
  let bench: ServiceBench;
  let registry: iothub.Registry;
  let service: iothub.Client;
  const columns = new Map<TransportName, SdkColumn>();
  before(async () => {
    bench = await openServiceBench(['--host-name', hubName]);
    makeKnown(hubName, bench.home.address);
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    service = iothub.Client.fromConnectionString(bench.connectionString('service'));
    for (const name of transportNames) columns.set(name, await openSdkColumn(bench, registry, name));
  });
  after(async () => {
    await Promise.all([...columns.values()].map((column) => column.close()));
    await bench?.close();
  });

  function columnOf(name: TransportName): SdkColumn {
    const column = columns.get(name);
    assert.ok(column);
    return column;
  }

  const call = async (deviceId: string, methodName: string, payload: unknown) =>
    (await service.invokeDeviceMethod(deviceId, { methodName, payload, connectTimeoutInSeconds: 20 })).result;

  /** A device whose SDK npm does not have, by the bytes that it writes (hub-device-protocol.md 4.1, 4.9). */
  async function wireDevice(spelling: 'C' | '.NET' | 'Python', query: string) {
    const deviceId = `wire-${spelling}-${crypto.randomUUID().slice(0, 8)}`;
    const { responseBody } = await registry.create({ deviceId });
    const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
    const wire = await openWire({ host: bench.home.address, port: bench.home.status.hub.mqttPort, ca: bench.home.ca });
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const token = hubSpellings[spelling]?.({ resource: `${hubName}/devices/${deviceId}`, key, expirySeconds }) ?? '';
    const code = await wire.connect({
      clientId: deviceId,
      userName: `${hubName}/${deviceId}/${query}`,
      password: Buffer.from(token),
      keepAliveSeconds: 240,
      cleanSession: false,
    });
    assert.equal(code, 0);
    return { deviceId, wire };
  }

  const arrival = async (deviceId: string, body: string) =>
    (await readRunningLog(bench.home)).find((event) => event.deviceId === deviceId && event.body.toString() === body);

  for (const name of transportNames) {
    test(`hub 43: over ${name} the component that sends is the dt-subject of the stored message`, async () => {
      const { client, deviceId } = columnOf(name);
      const message = new Message('{"temperature":21}');
      message.properties.add('dt-subject', 'thermostat1');
      message.properties.add('room', 'hall');
      await client.sendEvent(message);
      const stored = await arrival(deviceId, '{"temperature":21}');
      assert.equal(stored?.properties().system['dt-subject'], 'thermostat1');
      // It is no property of the application any more.
      assert.deepEqual({ ...stored?.properties().application }, { room: 'hall' });
    });
  }

  test('hub 43: what .NET and C write of a component is its dt-subject, in whatever order', async () => {
    const [net, c] = [await wireDevice('.NET', '?api-version=2020-09-30'), await wireDevice('C', '?api-version=2020-09-30')];
    await net.wire.send(`devices/${net.deviceId}/messages/events/%24.ct=application%2Fjson&%24.sub=thermostat1&a=1`, '{"t":1}');
    // C puts the application's properties first.
    await c.wire.send(`devices/${c.deviceId}/messages/events/a=1&%24.ct=application%2fjson&%24.sub=thermostat2`, '{"t":2}');
    assert.equal((await arrival(net.deviceId, '{"t":1}'))?.properties().system['dt-subject'], 'thermostat1');
    assert.equal((await arrival(c.deviceId, '{"t":2}'))?.properties().system['dt-subject'], 'thermostat2');
    for (const { wire } of [net, c]) wire.disconnect();
  });

  for (const name of transportNames.filter((transport) => transport !== 'Http')) {
    test(`hub 54, 58: over ${name} a command of a component is called by its whole name, and null is null`, async () => {
      const { client, deviceId } = columnOf(name);
      const payloads: unknown[] = [];
      client.onDeviceMethod('therm*reboot', (request, response) => {
        payloads.push(request.payload);
        response.send(200, request.payload, () => {});
      });
      assert.deepEqual(await call(deviceId, 'therm*reboot', null), { status: 200, payload: null });
      assert.deepEqual(await call(deviceId, 'therm*reboot', { delay: 3 }), { status: 200, payload: { delay: 3 } });
      assert.deepEqual(payloads, [null, { delay: 3 }]);
    });
  }

  for (const [spelling, qos] of [
    ['C', 0],
    ['.NET', 0],
    ['Python', 1],
  ] as const) {
    test(`hub 54, 58: ${spelling} reads the component from the topic, and null from a body that is JSON`, async () => {
      const { deviceId, wire } = await wireDevice(spelling, '?api-version=2020-09-30');
      assert.deepEqual(await wire.subscribe(['$iothub/methods/POST/#', qos]), [qos]);
      const answered = call(deviceId, 'therm*reboot', null);
      const { topic, body } = await wire.message();
      // Nothing follows the id: C and .NET take the rest of the topic for it.
      const [, requestId] = /^\$iothub\/methods\/POST\/therm\*reboot\/\?\$rid=([0-9a-f]+)$/.exec(topic) ?? [];
      assert.ok(requestId, topic);
      // Python makes None of it, as of no bytes at all.
      assert.equal(JSON.parse(body), null);
      await wire.send(`$iothub/methods/res/200/?$rid=${requestId}`, 'null');
      assert.deepEqual(await answered, { status: 200, payload: null });
      wire.disconnect();
    });
  }
});
