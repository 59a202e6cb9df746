import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import iothub from 'azure-iothub';
import mqtt from 'mqtt';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { identityOf } from '#test/support/compat-bench.ts';
import { type Edge, firsts, placeEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoSub } from '#test/support/local-clients.ts';
import { startMosquitto } from '#test/support/mosquitto.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';
import { readRunningLog } from '#test/support/stored-log.ts';

type Kind = 'module' | 'device';
type Authentication = Pick<iothub.Device, 'authentication'>;

/**
 * Goal: a child device stands at the hub as a module or as a device of its own, with what the main device has: telemetry, methods, messages, its twin,
 * and an outbox.
 * Method: `tedge run all` as a process beside a real server; children are what programs of the device publish; azure-iothub is the back end, and who spoke is read from the hub's log. The identities have the thumbprint, or the key, of the main device.
 */
describe('child devices that are identities of the hub', () => {
  let bench: ServiceBench;
  let registry: iothub.Registry;
  let client: iothub.Client;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    client = iothub.Client.fromConnectionString(bench.connectionString('service'));
  });
  after(() => bench?.close());

  /** A main device, and how it and its children are registered. */
  async function openGateway(t: TestContext, deviceId: string, kind: Kind, settings: Readonly<Record<string, string>> = {}) {
    const now = systemClock.now();
    const dates = { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) };
    const identity = identityOf(makeSelfSigned(deviceId, dates), []);
    const thumbprint = identity.leaf.certificate.sha1Thumbprint;
    const same = {
      authentication: {
        type: 'selfSigned',
        x509Thumbprint: { primaryThumbprint: thumbprint, secondaryThumbprint: thumbprint },
      },
    } as Authentication;
    await registry.create({ deviceId, ...same });
    const edge = placeEdge(t, bench, deviceId, identity, { TEDGE_AZ_CHILDREN: kind, TEDGE_AZ_MAPPER_TWIN: 'true', ...settings });
    return { edge, ...identitiesOf(deviceId, kind, same) };
  }

  function identitiesOf(deviceId: string, kind: Kind, same: Authentication) {
    const of = (child: string) => (kind === 'module' ? { deviceId, moduleId: child } : { deviceId: child });
    return {
      register: (child: string) =>
        kind === 'module'
          ? registry.addModule({ deviceId, moduleId: child, ...same } as iothub.Module)
          : registry.create({ deviceId: child, ...same }),
      twin: async (child: string): Promise<{ properties: { reported: JsonObject; desired: JsonObject } }> => {
        const { responseBody } = await (kind === 'module' ? registry.getModuleTwin(deviceId, child) : registry.getTwin(child));
        return responseBody as never;
      },
      wish: (child: string, desired: JsonObject) => {
        const patch = { properties: { desired } };
        return kind === 'module'
          ? registry.updateModuleTwin(deviceId, child, patch, '*')
          : registry.updateTwin(child, patch, '*');
      },
      invoke: (child: string, params: iothub.DeviceMethodParams) =>
        kind === 'module' ? client.invokeDeviceMethod(deviceId, child, params) : client.invokeDeviceMethod(child, params),
      send: (child: string, body: string) =>
        kind === 'module' ? bench.sendMessage(deviceId, body, {}, `modules/${child}/inputs/in1`) : bench.sendMessage(child, body),
      /** The bodies of a child's telemetry in the order of the hub's log, those of its services left out. */
      bodies: async (child: string) => {
        const { deviceId: id, moduleId } = { moduleId: undefined, ...of(child) };
        return (await readRunningLog(bench.home))
          .filter((event) => event.deviceId === id && event.moduleId === moduleId)
          .map(({ body }) => body.toString())
          .filter((body) => !body.includes('"pid"'));
      },
    };
  }

  /** A program of the device that keeps one connection open. */
  async function joinLocally(t: TestContext, { port }: Edge, filter: string) {
    const local = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, protocolVersion: 4 });
    local.on('error', () => {});
    t.after(() => local.endAsync(true));
    const received: { topic: string; body: string }[] = [];
    local.on('message', (topic, payload) => received.push({ topic, body: payload.toString() }));
    await local.subscribeAsync(filter, { qos: 1 });
    return {
      publish: (topic: string, body: string, retain = false) => local.publishAsync(topic, body, { qos: 1, retain }),
      first: (start: string) => eventually(() => received.find(({ topic }) => topic.startsWith(start)), 30_000),
    };
  }

  const connected = (edge: Edge, name: string) => edge.says(new RegExp(`"${name}","event":"bridge\\.connected"`));

  for (const kind of ['module', 'device'] as const) {
    test(`thin-edge 41, 44, 49, 50, 51: a child device that is a ${kind} has telemetry, messages, methods and a twin of its own`, async (t) => {
      const deviceId = `parent-of-${kind}`;
      const child = `pump-${kind}`;
      const { edge, register, twin, wish, invoke, send } = await openGateway(t, deviceId, kind);
      await register(child);
      await edge.start();
      await edge.connected();
      const own = `az/children/${child}`;
      const local = await joinLocally(t, edge, `${own}/#`);
      assert.ok(!edge.log().includes(child), 'a child that nobody has seen has no connection');
      await local.publish(`te/device/${child}//`, '{"@type":"child-device"}', true);
      await connected(edge, child);

      // Who speaks is who is connected, whatever it speaks of.
      await local.publish(`te/device/${child}///m/flow`, '{"lpm":3.2,"time":1740830400}');
      await local.publish(`te/device/${child}///e/door`, '{"text":"open","time":1740830400}');
      await local.publish(`te/device/${child}///a/heat`, '{"severity":"major","time":1740830400}', true);
      await local.publish('te/device/main///m/', '{"t":1,"time":1740830400}');
      const spoken = await eventually(async () => {
        const found = (await readRunningLog(bench.home)).filter(
          (event) => [deviceId, child].includes(event.deviceId) && !event.body.includes('"pid"'),
        );
        return found.length >= 4 ? found : undefined;
      }, 30_000);
      const told = spoken.map((event) => [
        event.deviceId,
        event.moduleId,
        event.bag.includes('sub='),
        JSON.parse(event.body.toString()),
      ]);
      const who = kind === 'module' ? [deviceId, child, false] : [child, undefined, false];
      assert.deepEqual(
        told.filter(([, , , body]) => body.t === 1),
        [[deviceId, undefined, false, { t: 1, time: 1740830400 }]],
      );
      assert.deepEqual(
        told.filter(([, , , body]) => body.t !== 1),
        [
          [...who, { lpm: 3.2, time: 1740830400 }],
          [...who, { text: 'open', time: 1740830400 }],
          [...who, { severity: 'major', time: 1740830400 }],
        ],
      );

      const call = invoke(child, { methodName: 'prime', payload: { s: 5 }, responseTimeoutInSeconds: 20 });
      const request = await local.first(`${own}/methods/POST/prime/`);
      assert.equal(request.body, '{"s":5}');
      await local.publish(`${own}/methods/res/200/?$rid=${/\?\$rid=(.+)$/.exec(request.topic)?.[1]}`, '{"done":true}');
      assert.deepEqual((await call).result, { status: 200, payload: { done: true } });

      await send(child, 'turn it on');
      const message = await local.first(kind === 'module' ? `${own}/inputs/in1/` : `${own}/messages/devicebound/`);
      assert.equal(message.body, 'turn it on');

      await local.publish(`te/device/${child}///twin/fw`, '{"v":"2"}', true);
      await eventually(async () => ((await twin(child)).properties.reported.fw ? true : undefined));
      assert.deepEqual((await twin(child)).properties.reported.fw, { v: '2' });
      await wish(child, { rate: 5 });
      const pushed = await local.first(`${own}/twin/PATCH/properties/desired/`);
      assert.equal((JSON.parse(pushed.body) as JsonObject).rate, 5);
      await local.publish(`${own}/twin/GET/?$rid=1`, '');
      const answer = JSON.parse((await local.first(`${own}/twin/res/200/?$rid=1`)).body);
      assert.deepEqual([answer.desired.rate, answer.reported.fw], [5, { v: '2' }]);

      const health = await mosquittoSub(t, edge.port, ['-t', `te/device/${child}/service/tedge-mapper-bridge-az/status/health`]);
      const [state = ''] = await health.seen(1);
      assert.equal(JSON.parse(state).status, 'up');
    });

    test(`thin-edge 53, 54: killed with the hub away, nothing that was acknowledged to a child that is a ${kind} is lost, and each keeps its order`, async (t) => {
      const [one, two] = [`one-${kind}`, `two-${kind}`];
      const { edge, register, bodies } = await openGateway(t, `killed-${kind}`, kind);
      for (const child of [one, two]) await register(child);
      await edge.start();
      await edge.connected();
      const acknowledged: Record<string, string[]> = { [one]: [], [two]: [] };
      const speak = async (from: number, to: number) => {
        const local = await joinLocally(t, edge, 'none');
        const sending = [one, two].map(async (child) => {
          for (let n = from; n <= to; n++) {
            const body = `{"n":${n}}`;
            await local.publish(`az/children/${child}/messages/events/`, body);
            acknowledged[child]?.push(body);
          }
        });
        await Promise.all(sending);
      };
      await speak(1, 20);
      await bench.home.stop();
      await speak(21, 60);
      await edge.end('SIGKILL');
      await edge.start();
      await speak(61, 80);
      await edge.end('SIGKILL');
      await bench.home.restart();
      // Nobody says anything any more: what waits is reason enough.
      await edge.start();
      for (const child of [one, two]) {
        const arrived = await eventually(async () => {
          const found = firsts(await bodies(child));
          return found.length >= 80 ? found : undefined;
        }, 60_000);
        assert.deepEqual(arrived, acknowledged[child]);
      }
    });
  }

  test('thin-edge 33, 34: a child that the hub does not know says why on te/errors and in its health, waits, and goes on once it is registered', async (t) => {
    const { edge, register, bodies } = await openGateway(t, 'parent-of-stranger', 'module');
    await edge.start();
    await edge.connected();
    const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors']);
    const health = await mosquittoSub(t, edge.port, [
      ...['-q', '1', '-t', 'te/device/stranger/service/tedge-mapper-bridge-az/status/health'],
    ]);
    const says = /The hub refuses parent-of-stranger\/stranger \(code 5\): it has no such module/;
    const local = await joinLocally(t, edge, 'none');
    for (const n of [1, 2, 3]) await local.publish('az/children/stranger/messages/events/', `{"n":${n}}`);
    const [told = ''] = await errors.seen(1);
    assert.match(told, says);
    assert.match(told, /^Child device stranger: /);
    const down = await eventually(() => health.lines.map((line) => JSON.parse(line)).find(({ reason }) => reason));
    assert.equal(down.status, 'down');
    assert.match(down.reason, says);
    // The main device is none the worse for it.
    await edge.tedge('mqtt', 'pub', '-q', '1', 'az/messages/events/', '{"main":1}');
    await eventually(async () => ((await edge.bodies()).includes('{"main":1}') ? true : undefined));
    await register('stranger');
    await connected(edge, 'stranger');
    await eventually(async () => ((await bodies('stranger')).length >= 3 ? true : undefined));
    assert.deepEqual(firsts(await bodies('stranger')), ['{"n":1}', '{"n":2}', '{"n":3}']);
    assert.equal(errors.lines.length, 1);
  });

  test('a main device that signs in with a key has children that sign in with it, under a prefix', async (t) => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const same = { authentication: { type: 'sas', symmetricKey: { primaryKey: key, secondaryKey: key } } } as Authentication;
    await registry.create({ deviceId: 'by-key', ...same });
    for (const kind of ['module', 'device'] as const) {
      const settings = {
        TEDGE_DEVICE_ID: 'by-key',
        TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: 'device.key',
        TEDGE_AZ_CHILDREN: kind,
        TEDGE_AZ_CHILDREN_PREFIX: 'line-7:',
      };
      const edge = placeEdge(t, bench, 'by-key', undefined, settings);
      writeFileSync(join(edge.folder, 'device.key'), `${key}\n`, { mode: 0o600 });
      const { register, bodies } = identitiesOf('by-key', kind, same);
      await register('line-7:valve');
      await edge.start();
      const said = await edge.tedge('mqtt', 'pub', '-q', '1', 'az/children/valve/messages/events/', `{"as":"${kind}"}`);
      assert.equal(said.code, 0, said.stderr);
      await eventually(async () => ((await bodies('line-7:valve')).length > 0 ? true : undefined), 30_000);
      assert.deepEqual(await bodies('line-7:valve'), [`{"as":"${kind}"}`]);
      await edge.end('SIGTERM');
    }
  });

  test('beside a Mosquitto that was there already, a child that was registered before is found, and hears and is heard', async (t) => {
    const { edge, register, bodies, wish } = await openGateway(t, 'parent-beside', 'module');
    await register('pump');
    const address = ownAddress();
    const mosquitto = await startMosquitto({ address, folder: edge.folder, lines: [] });
    t.after(() => mosquitto.stop());
    const local = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => local.endAsync(true));
    await local.publishAsync('te/device/pump//', '{"@type":"child-device"}', { qos: 1, retain: true });
    const heard: string[] = [];
    local.on('message', (topic) => heard.push(topic));
    await local.subscribeAsync('az/children/pump/twin/PATCH/properties/desired/#', { qos: 1 });
    await edge.start({ TEDGE_MQTT_CLIENT_HOST: address, TEDGE_MQTT_CLIENT_PORT: '1883' });
    await connected(edge, 'pump');
    await local.publishAsync('te/device/pump///m/', '{"a":1,"time":1740830400}', { qos: 1 });
    await eventually(async () => ((await bodies('pump')).length > 0 ? true : undefined), 30_000);
    assert.deepEqual(await bodies('pump'), ['{"a":1,"time":1740830400}']);
    await wish('pump', { rate: 1 });
    await eventually(() => heard[0]);
  });

  test('settings and names that no hub would take are refused with what would do', async (t) => {
    const { edge } = await openGateway(t, 'parent-of-wrong', 'device');
    const set = await edge.tedge('config', 'set', 'az.children', 'sometimes');
    assert.equal(set.code, 1);
    assert.match(set.stderr, /'az\.children' takes message or module or device, not 'sometimes'/);
    for (const [name, value, says] of [
      ['az.children_prefix', 'a/b', /'az\.children_prefix' has at most 64 characters/],
      ['mqtt.bridge.built_in', 'false', /only our own bridge signs in for child devices/],
    ] as const) {
      await edge.tedge('config', 'set', name, value);
      const ran = await edge.tedge('run', 'all', 'az');
      assert.equal(ran.code, 1);
      assert.match(ran.stderr, says);
      await edge.tedge('config', 'unset', name);
    }
    await edge.start();
    await edge.connected();
    const errors = await mosquittoSub(t, edge.port, ['-q', '1', '-t', 'te/errors']);
    const local = await joinLocally(t, edge, 'none');
    await local.publish('te/device/pump 7///m/', '{"a":1}');
    await local.publish('az/children/$edgeHub/messages/events/', '{"a":1}');
    await local.publish('az/children/parent-of-wrong/messages/events/', '{"a":1}');
    const told = (await errors.seen(3)).join('\n');
    assert.match(told, /'te\/device\/pump 7\/\/\/m\/' was not sent to the hub: the child device cannot have its name at the hub/);
    assert.match(told, /The child device '\$edgeHub' cannot have its name at the hub: it has 1 to 64 characters/);
    assert.match(told, /Child device parent-of-wrong: Its id at the hub would be parent-of-wrong, which is the main device's\./);
  });
});
