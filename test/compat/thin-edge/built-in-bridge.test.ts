import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import type { JsonObject } from '#base/json.ts';
import type { ServerStatus } from '#server/status.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { type Edge, firsts, openEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { mosquittoPub, mosquittoSub } from '#test/support/local-clients.ts';
import { startMosquitto } from '#test/support/mosquitto.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { parseConnectionString } from '#wire/azure/connection-string.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `{"n":${from + index}}`);

/**
 * Goal: what a device publishes on its local broker reaches the hub through our own bridge, and what the hub sends reaches it.
 * Method: `tedge run all az` as a process beside a real server; Debian's mosquitto_pub and mosquitto_sub, and an MQTT client,
 * are programs of the device; what arrived is read from the hub's log and its REST.
 */
describe('the bridge of tedge', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  async function startEdge(t: TestContext, deviceId: string): Promise<Edge> {
    const edge = await openEdge(t, bench, deviceId);
    await edge.start();
    await edge.connected();
    return edge;
  }

  /** A program of the device that keeps one connection open. */
  async function joinLocally(t: TestContext, { port }: Edge) {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, protocolVersion: 4 });
    client.on('error', () => {});
    t.after(() => client.endAsync(true));
    const received: { topic: string; body: string }[] = [];
    client.on('message', (topic, payload) => received.push({ topic, body: payload.toString() }));
    return {
      client,
      publish: (topic: string, body: string) => client.publishAsync(topic, body, { qos: 1 }),
      subscribe: (filter: string) => client.subscribeAsync(filter, { qos: 1 }),
      first: (prefix: string) => eventually(() => received.find(({ topic }) => topic.startsWith(prefix))),
    };
  }

  const arrived = (edge: Edge, expected: readonly string[]) =>
    eventually(async () => {
      const bodies = firsts(await edge.bodies());
      return bodies.length >= expected.length ? bodies : undefined;
    }, 60_000).then((bodies) => assert.deepEqual(bodies, expected));

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

  test('thin-edge 41: tedge mqtt pub arrives at the hub, its body byte for byte, as the device that the connection is', async (t) => {
    const edge = await startEdge(t, 'own-41');
    const body = '{"temperature": 20}';
    assert.deepEqual(await edge.tedge('mqtt', 'pub', 'az/messages/events/', body), { code: 0, stdout: '', stderr: '' });
    const row = await bench.arrival('own-41', body);
    assert.equal(row.body, body);
    await edge.tedge('mqtt', 'pub', '-r', 'az/messages/events/a=b%20c', 'kept');
    const { properties } = await bench.arrival('own-41', 'kept');
    assert.deepEqual([properties.a, properties['mqtt-retain']], ['b c', 'true']);
  });

  test('thin-edge 49, 50, 51: messages to the device, direct methods, reported patches and desired pushes pass our own bridge', async (t) => {
    const edge = await startEdge(t, 'own-50');
    const local = await joinLocally(t, edge);
    for (const filter of ['az/messages/devicebound/#', 'az/methods/POST/#', 'az/twin/#']) await local.subscribe(filter);

    await bench.home.ok('homeport', [
      ...['hub', 'c2d', 'send', '-d', 'own-50', '--body', 'turn it on'],
      ...['--message-id', 'm-7', '--property', 'room=a b'],
    ]);
    const message = await local.first('az/messages/devicebound/');
    const to = '%24.to=%2Fdevices%2Fown-50%2Fmessages%2FdeviceBound';
    assert.deepEqual(message, { topic: `az/messages/devicebound/%24.mid=m-7&${to}&room=a%20b`, body: 'turn it on' });

    const call = invokeMethod('own-50', 'reboot', { delay: 5 });
    const request = await local.first('az/methods/POST/reboot/');
    assert.equal(request.body, '{"delay":5}');
    await local.publish(`az/methods/res/200/?$rid=${/\?\$rid=(.+)$/.exec(request.topic)?.[1]}`, '{"done":true}');
    const { status, text } = await call;
    assert.equal(status, 200, text);
    assert.deepEqual(JSON.parse(text), { status: 200, payload: { done: true } });

    await local.publish('az/twin/GET/?$rid=1', '');
    const twin = JSON.parse((await local.first('az/twin/res/200/?$rid=1')).body) as JsonObject;
    assert.ok(twin.desired && twin.reported);
    await local.publish('az/twin/PATCH/properties/reported/?$rid=9', '{"firmware":"1.2"}');
    assert.match((await local.first('az/twin/res/204/')).topic, /^az\/twin\/res\/204\/\?\$rid=9&\$version=\d+$/);

    await bench.home.ok('homeport', ['hub', 'twin', 'update', '-d', 'own-50', '--desired', '{"rate":5}']);
    const pushed = await local.first('az/twin/PATCH/properties/desired/');
    assert.equal((JSON.parse(pushed.body) as JsonObject).rate, 5);
  });

  test('its health is kept for who subscribes later, goes down with the hub and with SIGTERM, and what is too large is told and dropped', async (t) => {
    const edge = await startEdge(t, 'own-health');
    const topic = 'te/device/main/service/tedge-mapper-bridge-az/status/health';
    const health = await mosquittoSub(t, edge.port, ['-q', '1', '-t', topic]);
    const [up = ''] = await health.seen(1);
    assert.equal(JSON.parse(up).status, 'up');
    const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors', '-t', 'tedge/errors']);
    assert.equal(await mosquittoPub(edge.port, ['-q', '1', '-t', 'az/messages/events/', '-s'], 'x'.repeat(300 * 1024)), 0);
    const told = await errors.seen(2);
    assert.match(told[0] ?? '', /az\/messages\/events\/ has 307200 bytes; at most 262144/);
    await edge.tedge('mqtt', 'pub', 'az/messages/events/', 'next');
    await bench.arrival('own-health', 'next');
    assert.equal(await edge.end('SIGTERM'), 0);
    const states = health.lines.map((line) => JSON.parse(line).status);
    assert.deepEqual(states, ['up', 'down']);
    assert.equal(errors.lines.length, 2);
  });

  test('a topic that would be too long at the hub is told and dropped, the mapper’s too, and what comes after goes', async (t) => {
    const edge = await startEdge(t, 'long-topic');
    const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors']);
    const long = 'x'.repeat(65_500);
    for (const topic of [`az/messages/events/${long}`, `te/device/${long}///m/`]) {
      assert.equal(await mosquittoPub(edge.port, ['-q', '1', '-t', topic, '-m', '{"a":1}']), 0);
    }
    for (const line of await errors.seen(2)) assert.match(line, /was not sent to the hub: its topic is too long/);
    await edge.tedge('mqtt', 'pub', '-q', '1', 'az/messages/events/', 'next');
    await bench.arrival('long-topic', 'next');
    assert.deepEqual(await edge.bodies(), ['next']);
  });

  test('thin-edge 53: 5,000 messages published with the hub down all arrive once it is back, in order', async (t) => {
    const edge = await startEdge(t, 'own-53');
    await bench.home.stop();
    const local = await joinLocally(t, edge);
    const bodies = numbers(1, 5_000);
    await Promise.all(bodies.map((body) => local.publish('az/messages/events/', body)));
    await bench.home.restart();
    await arrived(edge, bodies);
  });

  test('thin-edge 54: kill -9 right after a successful tedge mqtt pub -q 1 loses nothing, with the hub up or down', async (t) => {
    const edge = await startEdge(t, 'own-54');
    const sent: string[] = [];
    const publish = async (body: string) => {
      assert.equal((await edge.tedge('mqtt', 'pub', '-q', '1', 'az/messages/events/', body)).code, 0);
      sent.push(body);
      await edge.end('SIGKILL');
    };
    await publish('{"hub":"up"}');
    await bench.home.stop();
    for (const body of numbers(1, 2)) {
      await edge.start();
      await publish(body);
    }
    await edge.start();
    await bench.home.restart();
    await arrived(edge, sent);
  });

  test('thin-edge 55: a hub that is killed in a burst of 1,000 messages gets each of them, in the order of its publisher', async (t) => {
    const edge = await startEdge(t, 'own-55');
    const local = await joinLocally(t, edge);
    const bodies = numbers(1, 1_000);
    let published = 0;
    const sending = (async () => {
      for (let from = 0; from < bodies.length; from += 50) {
        await Promise.all(bodies.slice(from, from + 50).map((body) => local.publish('az/messages/events/', body)));
        published += 50;
      }
    })();
    await eventually(() => (published >= 300 ? true : undefined));
    await bench.home.kill();
    await sending;
    await bench.home.restart();
    await arrived(edge, bodies);
    // In order also where some came twice: behind a break only what had not been acknowledged comes again.
    const all = (await edge.bodies()).map((body) => Number(/\d+/.exec(body)?.[0]));
    for (const [index, n] of all.entries()) if (index > 0) assert.ok(n - (all[index - 1] ?? 0) <= 1, `${n} left some out`);
  });

  test('with Mosquitto there already, it is a client of that: messages wait in its session, and nothing is lost by a kill', async (t) => {
    const edge = await openEdge(t, bench, 'own-mosquitto');
    const address = ownAddress();
    const folder = join(edge.folder, 'mosquitto');
    mkdirSync(folder);
    const mosquitto = await startMosquitto({ address, folder, lines: [`persistence true`, `persistence_location ${folder}/`] });
    t.after(() => mosquitto.stop());
    const at = { TEDGE_MQTT_CLIENT_HOST: address, TEDGE_MQTT_CLIENT_PORT: '1883' };
    await edge.start(at);
    await edge.connected();
    assert.match(edge.log(), /"broker":"external"/);
    const client = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    const publish = (body: string) => client.publishAsync('az/messages/events/', body, { qos: 1 });
    await publish('{"n":1}');
    await arrived(edge, numbers(1, 1));
    await edge.end('SIGKILL');
    for (const body of numbers(2, 50)) await publish(body);
    await edge.start(at);
    await arrived(edge, numbers(1, 50));
    const received: string[] = [];
    client.on('message', (_topic, payload) => received.push(payload.toString()));
    await client.subscribeAsync(['az/messages/devicebound/#', 'te/errors'], { qos: 1 });
    await bench.home.ok('homeport', ['hub', 'c2d', 'send', '-d', 'own-mosquitto', '--body', 'hello']);
    await eventually(() => (received.includes('hello') ? true : undefined));
    await publish('x'.repeat(5 * 1024 * 1024));
    await publish('{"n":51}');
    await arrived(edge, numbers(1, 51));
    await eventually(() => received.find((text) => /az\/messages\/events\/ has 5242880 bytes; at most 262144/.test(text)));
  });

  test('a Mosquitto that is away holds up no connection to the hub: what waits in the outbox leaves without it', async (t) => {
    const edge = await openEdge(t, bench, 'own-broker-away');
    const address = ownAddress();
    const mosquitto = await startMosquitto({ address, folder: edge.folder, lines: [] });
    t.after(() => mosquitto.stop());
    await edge.start({ TEDGE_MQTT_CLIENT_HOST: address, TEDGE_MQTT_CLIENT_PORT: '1883' });
    await edge.connected();
    await bench.home.stop();
    await edge.says(/"event":"bridge\.disconnected"/);
    const client = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    await client.publishAsync('az/messages/events/', '{"n":1}', { qos: 1 });
    await mosquitto.stop();
    await bench.home.restart();
    await arrived(edge, numbers(1, 1));
    await bench.home.stop();
    await bench.home.restart();
    await edge.says(/(?:"event":"bridge\.connected".*){3}/s);
  });
});
