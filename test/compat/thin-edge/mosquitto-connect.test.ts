import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import mqtt from 'mqtt';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { openMosquittoMachine } from '#test/support/mosquitto-machine.ts';

/** What the guide shows, apart from the empty line behind the prompt. */
const connected = `Checking if systemd is available.

Checking if configuration for requested bridge already exists.

Validating the bridge certificates.

Saving configuration for requested bridge.

Restarting mosquitto service.

Awaiting mosquitto to start. This may take up to 5 seconds.

Persisting mosquitto on reboot.

Successfully created bridge connection!

Checking if tedge-mapper is installed.

Starting tedge-mapper service.

Persisting tedge-mapper on reboot.

tedge-mapper service successfully started and enabled!

Sending packets to check connection. This may take up to 10 seconds.

Received expected response message, connection check is successful.
`;

const disconnected = `Removing Azure bridge.

Applying changes to mosquitto.

Azure Bridge successfully disconnected!

Stopping tedge-mapper service.

Disabling tedge-mapper service.

tedge-mapper service successfully stopped and disabled!

`;

/**
 * Goal: with mqtt.bridge.built_in=false, `tedge` drives Mosquitto as the first generation did, and the files it writes are all that
 * Mosquitto needs.
 * Method: `tedge` as it is typed, on a machine whose systemd is a stand-in that starts the real mosquitto and the real mapper.
 */
describe('tedge connect az with mosquitto', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  const openMachine = (t: TestContext, deviceId: string) => openMosquittoMachine(t, bench.home, deviceId);

  /** A machine whose device is registered by what `tedge cert show` prints. */
  async function openRegistered(t: TestContext, deviceId: string) {
    const machine = openMachine(t, deviceId);
    const thumbprint = await machine.makeCertificate();
    await bench.central.ok('PUT', `/api/devices/${deviceId}`, { displayName: deviceId });
    await bench.createHubDevice(deviceId, { primary: thumbprint, secondary: thumbprint });
    return machine;
  }

  const connectionState = async (deviceId: string) =>
    JSON.parse(await bench.home.ok('homeport', ['hub', 'twin', 'show', '-d', deviceId, '--json'])).connectionState;

  test('thin-edge 29: with a stand-in systemctl that starts the real mosquitto and mapper, connect prints the guide’s transcript, and disconnect its own', async (t) => {
    const machine = await openRegistered(t, 'guide-29');
    assert.deepEqual(await machine.tedge('connect', 'az'), { code: 0, stdout: connected, stderr: '' });
    for (const service of ['mosquitto', 'tedge-mapper']) {
      assert.ok(await machine.isActive(service), service);
      assert.ok(machine.isEnabled(service), service);
    }
    for (const path of [machine.bridgeFile, machine.brokerFile]) assert.equal(statSync(path).mode & 0o777, 0o644);
    // systemd started the mapper and did not wait for it; what is published before it subscribed is nobody's.
    const health = 'mqtt sub --no-topic --count 1 --duration 60s te/device/main/service/tedge-mapper-az/status/health';
    assert.equal(JSON.parse(await machine.ok(...health.split(' '))).status, 'up');
    await machine.ok('mqtt', 'pub', 'te/device/main///m/', '{"temperature": 20}');
    await eventually(async () => (await bench.raw('guide-29')).find(({ body }) => body?.startsWith('{"temperature":20,"time":')));
    const lines = connected.split('\n').slice(24);
    assert.deepEqual(await machine.tedge('connect', 'az', '--test'), { code: 0, stdout: lines.join('\n'), stderr: '' });
    assert.deepEqual(await machine.tedge('disconnect', 'az'), { code: 0, stdout: disconnected, stderr: '' });
    assert.ok(!existsSync(machine.bridgeFile));
    assert.ok(!(await machine.isActive('tedge-mapper')) && !machine.isEnabled('tedge-mapper'));
    assert.ok(await machine.isActive('mosquitto'), 'the local broker goes on');
    assert.deepEqual(await machine.tedge('disconnect', 'az'), {
      code: 0,
      stdout: "Removing Azure bridge.\n\nBridge doesn't exist. Operation finished!\n",
      stderr: '',
    });
  });

  test('thin-edge 34: mosquitto recovers by itself once the registration is corrected, and until then connect says why and exits with 1', async (t) => {
    const machine = openMachine(t, 'late');
    await machine.makeCertificate();
    await machine.ok('config', 'set', 'mqtt.bridge.reconnect_policy.initial_interval', '1s');
    await machine.ok('config', 'set', 'mqtt.bridge.reconnect_policy.maximum_interval', '1s');
    const { code, stdout, stderr } = await machine.tedge('connect', 'az');
    assert.equal(code, 1, stderr);
    assert.match(stdout, /\n\nWarning: Bridge has been configured, but Azure connection check failed\.\n$/);
    assert.match(stderr, /Connection Refused: not authorised/);
    assert.ok(existsSync(machine.bridgeFile));
    const thumbprint = /^Thumbprint: (.+)$/m.exec(await machine.ok('cert', 'show'))?.[1] ?? '';
    await bench.central.ok('PUT', '/api/devices/late', { displayName: 'late' });
    const client = await mqtt.connectAsync(machine.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    const health: string[] = [];
    client.on('message', (_topic, payload) => health.push(payload.toString()));
    await client.subscribeAsync('te/device/main/service/mosquitto-az-bridge/status/health', { qos: 1 });
    await bench.createHubDevice('late', { primary: thumbprint });
    await eventually(() => (health.at(-1) === '1' ? true : undefined), 35_000);
    await machine.ok('connect', 'az', '--test');
    assert.equal(await connectionState('late'), 'Connected');
  });

  test('thin-edge 66: a mosquitto with the files that tedge connect writes passes the check, telemetry, messages, methods and the twin both ways, until disconnect', async (t) => {
    const machine = await openRegistered(t, 'both-ways');
    await machine.ok('connect', 'az');
    const client = await mqtt.connectAsync(machine.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    const received: { topic: string; body: string }[] = [];
    client.on('message', (topic, payload) => received.push({ topic, body: payload.toString() }));
    const first = (prefix: string) => eventually(() => received.find(({ topic }) => topic.startsWith(prefix)), 30_000);
    const filters = ['az/messages/devicebound/#', 'az/methods/POST/#', 'az/twin/res/#', 'az/twin/PATCH/properties/desired/#'];
    await client.subscribeAsync([...filters, 'te/+/+/+/+/status/health'], { qos: 1 });
    const hub = (...words: string[]) => bench.home.ok('homeport', ['hub', ...words, '-d', 'both-ways']);

    await machine.ok('mqtt', 'pub', 'az/messages/events/', '{"temperature": 20}');
    await bench.arrival('both-ways', '{"temperature": 20}');
    await hub('c2d', 'send', '--body', 'turn it on', '--property', 'room=a b');
    const message = await first('az/messages/devicebound/');
    assert.equal(message.body, 'turn it on');
    assert.match(message.topic, /[/&]room=a%20b$/);
    const call = hub('method', 'invoke', '--name', 'reboot', '--payload', '{"in":1}');
    const request = await first('az/methods/POST/reboot/');
    assert.equal(request.body, '{"in":1}');
    await client.publishAsync(`az/methods/res/200/?$rid=${/\?\$rid=(.+)$/.exec(request.topic)?.[1]}`, '{"done":true}', {
      qos: 1,
    });
    assert.match(await call, /"done": ?true/);
    await hub('twin', 'update', '--desired', '{"interval":30}');
    const desired = await first('az/twin/PATCH/properties/desired/');
    assert.equal(JSON.parse(desired.body).interval, 30);
    await client.publishAsync('az/twin/PATCH/properties/reported/?$rid=9', '{"firmware":"1.2"}', { qos: 1 });
    assert.match((await first('az/twin/res/204/')).topic, /^az\/twin\/res\/204\/\?\$rid=9&\$version=\d+$/);
    assert.equal((await first('te/device/main/service/mosquitto-az-bridge/')).body, '1');
    // What came from the hub did not go back to it, from where it would have come again.
    assert.equal(received.filter(({ topic }) => topic.startsWith('az/twin/PATCH/')).length, 1);
    assert.equal(machine.log().match(/Connecting bridge \(step 1\)/g)?.length, 1);

    assert.equal(await connectionState('both-ways'), 'Connected');
    await machine.ok('disconnect', 'az');
    await eventually(async () => ((await connectionState('both-ways')) === 'Disconnected' ? true : undefined));
  });

  test('a server below another root is not spoken to, and the log names the TLS reason', async (t) => {
    const machine = await openRegistered(t, 'careful');
    const other = join(machine.folder, 'other.pem');
    writeFileSync(other, bench.root.pem);
    await machine.ok('config', 'set', 'az.root.cert.path', other);
    await machine.ok('connect', 'az', '--offline');
    await eventually(() => (/certificate verify failed/.test(machine.log()) ? true : undefined), 30_000);
    assert.equal(await connectionState('careful'), 'Disconnected');
  });

  test('a port that is taken, mosquitto that is missing or does not read our files: each is said, and nothing is left behind', async (t) => {
    const machine = await openRegistered(t, 'unlucky');
    const requireNothing = () => {
      for (const path of [machine.bridgeFile, machine.brokerFile]) assert.ok(!existsSync(path));
    };
    const fails = async (pattern: RegExp) => {
      const { code, stdout, stderr } = await machine.tedge('connect', 'az');
      assert.equal(code, 1, stdout);
      assert.match(stderr, /^Error: failed to connect to az\n\nCaused by:\n/);
      assert.match(stderr, pattern);
      assert.doesNotMatch(stdout, /Successfully/);
      requireNothing();
    };
    const holder = createServer().listen(1883, machine.address);
    await once(holder, 'listening');
    await fails(/mosquitto was restarted and does not run: Address already in use\.\n {4}Somebody else listens on port 1883\./);
    holder.close();
    machine.configureMosquitto('listener 1883');
    await fails(/has a listener on port 1883 already/);
    writeFileSync(join(machine.folder, 'etc-mosquitto/mosquitto.conf'), 'user root\n');
    await fails(/\/etc\/mosquitto\/mosquitto\.conf does not include .*\n {4}Run: sed -i '1i include_dir .*\/mosquitto-conf' /);
    machine.configureMosquitto();
    await machine.removeUnit('mosquitto');
    await fails(/systemd has no service mosquitto\.\n {4}Run: apt-get install mosquitto\n/);
  });
});
