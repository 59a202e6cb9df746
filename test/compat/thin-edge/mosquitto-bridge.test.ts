import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import type { JsonObject } from '#base/json.ts';
import type { ServerStatus } from '#server/status.ts';
import { type BridgeDevice, makeBridgeDevice } from '#test/support/bridge-device.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { bridgeLines, startMosquitto } from '#test/support/mosquitto.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { parseConnectionString } from '#wire/azure/connection-string.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { PacketWriter } from '#wire/mqtt/encode.ts';

/** What Mosquitto logs of its bridge; the names are those of its configuration. */
const logged = {
  connack: /Received CONNACK on connection Azure/,
  suback: /Received SUBACK from Azure/,
  puback: /Received PUBACK from Azure/,
};

/**
 * Goal: a device whose bridge is Debian's Mosquitto, configured as thin-edge configures it, works with the hub.
 * Method: a Mosquitto per test beside a real server; programs of the device are MQTT clients of that Mosquitto, and
 * what the hub got is read back from Central and from the hub's REST.
 */
describe('a thin-edge bridge of Mosquitto', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({ HOMEPORT_HUB__OVERSIZE_PUBLISH: 'drop' });
  });
  after(() => bench.close());

  const makeDevice = (deviceId: string) => makeBridgeDevice(bench, deviceId);

  /** Mosquitto with the bridge, and a program of the device that talks to it. */
  async function startBridge(t: TestContext, device: BridgeDevice, era: '1.x' | 'seed' = '1.x') {
    const { home } = bench;
    const address = ownAddress();
    const folder = join(device.folder, 'mosquitto');
    mkdirSync(folder);
    const to = { hub: home.status.hub, address: home.address, ca: home.status.ca };
    const mosquitto = await startMosquitto({ address, folder, lines: bridgeLines(era, { ...to, ...device }) });
    t.after(() => mosquitto.stop());
    const client = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    const received: { topic: string; body: string }[] = [];
    client.on('message', (topic, payload) => received.push({ topic, body: payload.toString() }));
    return {
      mosquitto,
      client,
      received,
      publish: (topic: string, body: string | Buffer, options: { qos?: 0 | 1 | 2; retain?: boolean } = {}) =>
        client.publishAsync(topic, body, { qos: 1, ...options }),
      /** The messages on topics that begin so, once there are so many. */
      messages: (prefix: string, count = 1) =>
        eventually(async () => {
          const found = received.filter(({ topic }) => topic.startsWith(prefix));
          return found.length >= count ? found : undefined;
        }),
    };
  }

  const telemetry = async (deviceId: string) => (await bench.raw(deviceId)).filter(({ source }) => source === 'Telemetry');

  /** Calls a direct method as a back end does. */
  async function invokeMethod(deviceId: string, methodName: string, payload: unknown): Promise<{ status: number; text: string }> {
    const { home } = bench;
    const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])) as ServerStatus;
    const { sharedAccessKey, hostName } = parseConnectionString(hub.connectionStrings?.service ?? '');
    const key = Buffer.from(sharedAccessKey?.reveal() ?? '', 'base64');
    const expirySeconds = Math.ceil(Date.now() / 1000) + 600;
    const authorization = formatSasToken({ resource: hostName, key, keyName: 'service', expirySeconds });
    const url = `https://${home.address}:${hub.httpsPort}/twins/${deviceId}/methods?api-version=2021-04-12`;
    const body = JSON.stringify({ methodName, payload, connectTimeoutInSeconds: 10, responseTimeoutInSeconds: 20 });
    const headers = { authorization, 'content-type': 'application/json; charset=utf-8' };
    return askHttps(url, home.ca, { method: 'POST', headers, body });
  }

  /** As a person sends it, with an id and a property. */
  const sendToDevice = (deviceId: string, body: string) =>
    bench.home.ok('homeport', [
      ...['hub', 'c2d', 'send', '-d', deviceId, '--body', body],
      ...['--message-id', 'm-7', '--property', 'room=a b'],
    ]);

  /** The check that `tedge connect az` makes: the twin, by the one request id it knows (thin-edge.md 8.3). */
  async function checkConnection({ client, publish, messages }: Awaited<ReturnType<typeof startBridge>>): Promise<void> {
    await client.subscribeAsync('az/twin/res/#', { qos: 1 });
    await publish('az/twin/GET/?$rid=1', '');
    const [answer] = await messages('az/twin/res/200/?$rid=1');
    const twin = JSON.parse(answer?.body ?? '') as JsonObject;
    assert.ok(twin.desired && twin.reported, 'both halves are there');
  }

  test('thin-edge 60: each of the three filters is granted with QoS 1', async (t) => {
    const device = await makeDevice('bridge-60');
    const { mosquitto } = await startBridge(t, device);
    // Mosquitto does not log the codes, so the same three packets go out by hand as well.
    await mosquitto.logged(logged.suback, 3);
    await mosquitto.stop();
    const wire = await bench.dialHub(device.identity, device.deviceId, { keepAliveSeconds: 60 });
    const filters = [`devices/${device.deviceId}/messages/devicebound/#`, '$iothub/methods/POST/#', '$iothub/twin/res/#'];
    for (const filter of filters) assert.deepEqual(await wire.subscribe([filter, 1]), [1]);
    wire.disconnect();
  });

  test('thin-edge 61: the twin is asked for three times under one request id, and answered three times', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-61'));
    await bridge.client.subscribeAsync('az/twin/res/#', { qos: 1 });
    for (let time = 0; time < 3; time++) await bridge.publish('az/twin/GET/?$rid=1', '');
    const answers = await bridge.messages('az/twin/res/', 3);
    assert.deepEqual(
      answers.map(({ topic }) => topic),
      Array(3).fill('az/twin/res/200/?$rid=1'),
    );
  });

  test('the bridge of the first generations passes the connection check and sends telemetry', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-seed'), 'seed');
    await checkConnection(bridge);
    await bridge.publish('az/messages/events/', '{"temperature": 20}');
    await bench.arrival('bridge-seed', '{"temperature": 20}');
  });

  test('thin-edge 62: empty, retained, text and child-device telemetry is accepted and shown', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-62'));
    // When it connects it sends once more what is retained by then.
    await bridge.mosquitto.logged(logged.suback, 3);
    await bridge.publish('az/messages/events/', '');
    await bridge.publish('az/messages/events/', 'kept', { retain: true });
    await bridge.publish('az/messages/events/', Buffer.from([0xff, 0x00, 0x80]));
    await bridge.publish('az/messages/events/$.sub=pump7&a=1', '{"lpm": 3.2}');
    await bridge.publish('az/messages/events', 'no slash');
    await bench.arrival('bridge-62', 'no slash');
    const rows = (await telemetry('bridge-62')).reverse();
    assert.deepEqual(
      rows.map(({ body }) => body),
      ['', 'kept', Buffer.from([0xff, 0x00, 0x80]).toString('base64'), '{"lpm": 3.2}', 'no slash'],
    );
    assert.equal(rows[1]?.properties['mqtt-retain'], 'true');
    assert.equal(rows[3]?.properties.a, '1');
    assert.equal(bridge.mosquitto.count(logged.connack), 1);
  });

  test('thin-edge 63: a device whose id has every allowed sign registers, connects, sends and receives', async (t) => {
    const deviceId = "a'=(),-.?_*@!%9";
    const device = await makeDevice(deviceId);
    const bridge = await startBridge(t, device);
    await checkConnection(bridge);
    await bridge.publish('az/messages/events/', '{"from":"signs"}');
    await bench.arrival(encodeURIComponent(deviceId), '{"from":"signs"}');
  });

  test('thin-edge 65: a message of 300 KiB is dropped and told of, and what follows arrives on the same connection', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-65'));
    await bridge.publish('az/messages/events/', '{"n":1}');
    await bridge.publish('az/messages/events/', Buffer.alloc(300 * 1024, 'x'));
    await bridge.publish('az/messages/events/', Buffer.alloc(2 * 1024 * 1024, 'y'));
    await bridge.publish('az/messages/events/', '{"n":2}');
    await bench.arrival('bridge-65', '{"n":2}');
    await bridge.mosquitto.logged(logged.puback, 4);
    assert.equal(bridge.mosquitto.count(logged.connack), 1);
    assert.deepEqual(
      (await telemetry('bridge-65')).map(({ body }) => body),
      ['{"n":2}', '{"n":1}'],
    );
    const refusal = await bench.refusal('bridge-65');
    assert.equal(refusal?.reason, 'message-too-large');
    assert.equal(refusal?.times, 2);
  });

  test('thin-edge 50: a direct method reaches the device, and its answer the back end', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-50'));
    await checkConnection(bridge);
    await bridge.client.subscribeAsync('az/methods/POST/#', { qos: 1 });
    const call = invokeMethod('bridge-50', 'reboot', { delay: 5 });
    const [request] = await bridge.messages('az/methods/POST/reboot/');
    assert.equal(request?.body, '{"delay":5}');
    const requestId = /\?\$rid=(.+)$/.exec(request?.topic ?? '')?.[1];
    await bridge.publish(`az/methods/res/200/?$rid=${requestId}`, '{"done":true}');
    const { status, text } = await call;
    assert.equal(status, 200, text);
    assert.deepEqual(JSON.parse(text), { status: 200, payload: { done: true } });
  });

  test('thin-edge 51: a reported patch is answered with 204 and the new version', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-51'));
    await bridge.client.subscribeAsync('az/twin/res/#', { qos: 1 });
    await bridge.publish('az/twin/PATCH/properties/reported/?$rid=9', '{"firmware":"1.2"}');
    const [answer] = await bridge.messages('az/twin/res/204/');
    assert.match(answer?.topic ?? '', /^az\/twin\/res\/204\/\?\$rid=9&\$version=\d+$/);
  });

  test('thin-edge 49: a message to the device arrives under az/messages/devicebound with its property bag', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-49'));
    await bridge.client.subscribeAsync('az/messages/devicebound/#', { qos: 1 });
    await sendToDevice('bridge-49', 'turn it on');
    const [message] = await bridge.messages('az/messages/devicebound/');
    assert.equal(message?.body, 'turn it on');
    const to = '%24.to=%2Fdevices%2Fbridge-49%2Fmessages%2FdeviceBound';
    assert.equal(message?.topic, `az/messages/devicebound/%24.mid=m-7&${to}&room=a%20b`);
  });

  test('thin-edge 66: one bridge of the 1.x mapping does it all: telemetry, messages, methods, patches, the twin check', async (t) => {
    const bridge = await startBridge(t, await makeDevice('bridge-66'));
    await checkConnection(bridge);
    for (const topic of ['az/messages/devicebound/#', 'az/methods/POST/#']) await bridge.client.subscribeAsync(topic, { qos: 1 });
    await bridge.publish('az/messages/events/', '{"temperature": 20}');
    const [event] = await eventually(async () => {
      const found = await telemetry('bridge-66');
      return found.length > 0 ? found : undefined;
    });
    assert.equal(event?.body, '{"temperature": 20}');
    await sendToDevice('bridge-66', 'turn it on');
    const [message] = await bridge.messages('az/messages/devicebound/');
    assert.match(message?.topic ?? '', /[/&]room=a%20b$/);
    const call = invokeMethod('bridge-66', 'reboot', null);
    const [request] = await bridge.messages('az/methods/POST/reboot/');
    await bridge.publish(`az/methods/res/200/?$rid=${/\?\$rid=(.+)$/.exec(request?.topic ?? '')?.[1]}`, '{}');
    assert.equal((await call).status, 200);
    await bridge.publish('az/twin/PATCH/properties/reported/?$rid=9', '{"firmware":"1.2"}');
    const [patched] = await bridge.messages('az/twin/res/204/');
    assert.match(patched?.topic ?? '', /^az\/twin\/res\/204\/\?\$rid=9&\$version=\d+$/);
  });

  test('thin-edge 67: a thousand messages that follow CONNECT at once are acknowledged within 5 s', async () => {
    const device = await makeDevice('bridge-67');
    const wire = await bench.wire({ identity: device.identity });
    const writer = new PacketWriter();
    writer.subscribe(1, [{ filter: '$iothub/twin/res/#', qos: 1 }]);
    for (let n = 1; n <= 1_000; n++) {
      writer.publish({ topic: `devices/${device.deviceId}/messages/events/`, payload: `{"n":${n}}`, qos: 1 }, 1 + n);
    }
    const userName = `${bench.home.status.hub.hostName}/${device.deviceId}/?api-version=2018-06-30`;
    const since = performance.now();
    const answered = wire.connect({ clientId: device.deviceId, userName, keepAliveSeconds: 60, cleanSession: false });
    // CONNECT leaves at the end of this step; everything else follows it without waiting for any answer.
    await null;
    wire.write(writer.take() ?? Buffer.alloc(0));
    assert.equal(await answered, 0);
    await eventually(() => (wire.packets.filter((name) => name === 'puback').length === 1_000 ? true : undefined), 5_000);
    assert.ok(performance.now() - since < 5_000);
    assert.equal(wire.packets[0], 'connack');
    wire.cut();
    await bench.arrival('bridge-67', '{"n":1000}');
  });

  test('thin-edge 67: and so are those that the bridge kept while the hub was away', async (t) => {
    const device = await makeDevice('bridge-67b');
    await bench.home.stop();
    const { mosquitto, publish } = await startBridge(t, device);
    for (let n = 1; n <= 1_000; n++) await publish('az/messages/events/', `{"n":${n}}`);
    await bench.home.restart();
    await mosquitto.logged(logged.puback, 1_000);
    const [since = 0] = mosquitto.times(logged.connack);
    const until = mosquitto.times(logged.puback)[999] ?? Number.NaN;
    assert.ok(until - since < 5_000, `${until - since} ms`);
    await bench.arrival('bridge-67b', '{"n":1000}');
    const bodies = (await telemetry('bridge-67b')).reverse().map(({ body }) => body);
    assert.deepEqual(
      bodies,
      bodies.map((_, index) => `{"n":${1_001 - bodies.length + index}}`),
    );
  });

  test('thin-edge 68: a second connection ends the first, and the bridge that comes back is not sent away again', async (t) => {
    const device = await makeDevice('bridge-68');
    const bridge = await startBridge(t, device);
    await checkConnection(bridge);
    const wire = await bench.dialHub(device.identity, device.deviceId, { keepAliveSeconds: 60 });
    assert.equal(wire.code, 0);
    // The bridge comes back by itself after its own pause, and it is now the newer one.
    await bridge.mosquitto.logged(logged.connack, 2);
    await wire.closed();
    await bridge.publish('az/messages/events/', '{"back":true}');
    await bench.arrival('bridge-68', '{"back":true}');
    await bridge.publish('az/twin/GET/?$rid=1', '');
    await bridge.messages('az/twin/res/200/', 2);
    assert.equal(bridge.mosquitto.count(logged.connack), 2);
    const rows = await bench.raw('bridge-68');
    assert.equal(rows.filter(({ messageType }) => messageType === 'Connectivity').length, 5);
  });
});
