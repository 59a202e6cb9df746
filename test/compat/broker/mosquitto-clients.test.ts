import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';

const brokerPort = 8884;

/**
 * Goal: programs that know only MQTT use the broker door with a device's certificate.
 * Method: Debian's mosquitto_pub and mosquitto_sub against a real server, as typed.
 */
describe('the broker door and the clients of Mosquitto', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({ HOMEPORT_BROKER__PORT: String(brokerPort) });
  });
  after(() => bench.close());

  async function makeDevice(deviceId: string) {
    const { home } = bench;
    const identity = bench.selfSignedOf(deviceId);
    const folder = mkdtempSync(join(home.folder, 'client-'));
    const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
    writeFileSync(certificate, identity.cert);
    writeFileSync(key, identity.key, { mode: 0o600 });
    await bench.central.ok('PUT', `/api/devices/${deviceId}`, { displayName: deviceId });
    await bench.createHubDevice(deviceId, { primary: identity.leaf.certificate.sha256Thumbprint });
    const connection = ['-h', home.address, '-p', String(brokerPort), '-V', 'mqttv311', '--cafile', home.status.ca];
    return { deviceId, words: [...connection, '--cert', certificate, '--key', key, '-i', deviceId] };
  }

  type Device = Awaited<ReturnType<typeof makeDevice>>;

  async function publish(device: Device, topic: string, body: string, ...more: string[]): Promise<void> {
    const { code, output } = await start(undefined, 'mosquitto_pub', [...device.words, '-t', topic, '-m', body, ...more]).ended;
    assert.equal(code, 0, output);
  }

  /** mosquitto_sub that ends after `count` messages. Resolves when it has subscribed. */
  async function subscribe(t: TestContext, device: Device, count: number, ...more: string[]) {
    const words = [...device.words, '-d', '-W', '30', '-C', String(count), '-F', 'got %t %p q%q r%r', ...more];
    const subscriber = start(t, 'mosquitto_sub', words);
    await subscriber.printed(/Subscribed \(mid/);
    return {
      async messages(): Promise<string[]> {
        const { code, output } = await subscriber.ended;
        assert.equal(code, 0, output);
        return output.split('\n').filter((line) => line.startsWith('got '));
      },
      kill: () => subscriber.child.kill('SIGKILL'),
    };
  }

  test('each QoS arrives at who subscribed with a wildcard', async (t) => {
    const [one, two] = [await makeDevice('pub-1'), await makeDevice('sub-1')];
    const subscriber = await subscribe(t, two, 3, '-q', '2', '-t', 'site/+/temperature');
    for (const qos of ['0', '1', '2']) await publish(one, `site/${qos}/temperature`, qos, '-q', qos);
    assert.deepEqual(await subscriber.messages(), [
      'got site/0/temperature 0 q0 r0',
      'got site/1/temperature 1 q1 r0',
      'got site/2/temperature 2 q2 r0',
    ]);
  });

  test('a retained message waits for who subscribes later, until it is cleared', async (t) => {
    const [one, two] = [await makeDevice('pub-2'), await makeDevice('sub-2')];
    await publish(one, 'kept/here', 'still', '-q', '1', '-r');
    await publish(one, 'kept/there', 'too', '-q', '1', '-r');
    const all = await subscribe(t, two, 2, '-q', '1', '-t', 'kept/#');
    assert.deepEqual((await all.messages()).sort(), ['got kept/here still q1 r1', 'got kept/there too q1 r1']);
    await publish(one, 'kept/here', '', '-q', '1', '-r');
    const left = await subscribe(t, two, 1, '-q', '1', '-t', 'kept/#');
    assert.deepEqual(await left.messages(), ['got kept/there too q1 r1']);
  });

  test('a stored session gets what came while its client was away', async (t) => {
    const [one, two] = [await makeDevice('pub-3'), await makeDevice('sub-3')];
    const first = await subscribe(t, two, 1, '-c', '-q', '2', '-t', 'work/#');
    await publish(one, 'work/0', 'zero', '-q', '1');
    assert.deepEqual(await first.messages(), ['got work/0 zero q1 r0']);
    await publish(one, 'work/1', 'one', '-q', '1');
    await publish(one, 'work/2', 'two', '-q', '2');
    const again = await subscribe(t, two, 2, '-c', '-q', '2', '-t', 'work/#');
    assert.deepEqual(await again.messages(), ['got work/1 one q1 r0', 'got work/2 two q2 r0']);
  });

  test('what mosquitto_pub was acknowledged survives a kill of the server', async (t) => {
    const [one, two] = [await makeDevice('pub-4'), await makeDevice('sub-4')];
    const first = await subscribe(t, two, 1, '-c', '-q', '2', '-t', 'durable/#');
    await publish(one, 'durable/0', 'x', '-q', '1');
    await first.messages();
    await publish(one, 'durable/1', 'one', '-q', '1');
    await publish(one, 'durable/2', 'two', '-q', '2');
    await publish(one, 'durable/state', 'on', '-q', '1', '-r');
    await bench.home.kill();
    await bench.home.restart();
    const again = await subscribe(t, two, 4, '-c', '-q', '2', '-t', 'durable/#');
    // What is retained comes a second time, because the subscription is made again.
    assert.deepEqual((await again.messages()).sort(), [
      'got durable/1 one q1 r0',
      'got durable/2 two q2 r0',
      'got durable/state on q1 r0',
      'got durable/state on q1 r1',
    ]);
  });

  test('the will of a client that was killed is sent', async (t) => {
    const [one, two] = [await makeDevice('will-5'), await makeDevice('sub-5')];
    const listener = await subscribe(t, two, 1, '-q', '1', '-t', 'status/+');
    const words = ['--will-topic', 'status/will-5', '--will-payload', 'gone', '--will-qos', '1'];
    const dying = await subscribe(t, one, 1, '-t', 'nothing', ...words);
    dying.kill();
    assert.deepEqual(await listener.messages(), ['got status/will-5 gone q1 r0']);
  });

  test('telemetry of the client’s own is the hub’s as well', async (t) => {
    const [one, two] = [await makeDevice('tele-6'), await makeDevice('sub-6')];
    const listener = await subscribe(t, two, 1, '-t', 'devices/+/messages/events/#');
    await publish(one, 'devices/tele-6/messages/events/', '{"temperature":20}', '-q', '1');
    assert.deepEqual(await listener.messages(), ['got devices/tele-6/messages/events/ {"temperature":20} q0 r0']);
    await bench.arrival('tele-6', '{"temperature":20}');
  });

  test('a certificate of another device is refused, and why is kept', async () => {
    const [one, two] = [await makeDevice('good-7'), await makeDevice('other-7')];
    const words = [...one.words.slice(0, -1), two.deviceId, '-t', 't', '-m', 'x'];
    const { code, output } = await start(undefined, 'mosquitto_pub', words).ended;
    assert.equal(code, 5, output);
    assert.equal((await bench.refusal('other-7'))?.reason, 'thumbprint-mismatch');
  });
});

function start(t: TestContext | undefined, command: string, words: readonly string[]) {
  // Into a pipe it would print nothing before it ends.
  const child: ChildProcess = spawn('stdbuf', ['-oL', command, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 45_000 });
  t?.after(() => child.kill('SIGKILL'));
  let output = '';
  const seen = new Set<() => void>();
  const ended = new Promise<{ code: number; output: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: -1, output: String(error) }));
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      for (const look of seen) look();
    });
  }
  return {
    child,
    ended,
    async printed(pattern: RegExp): Promise<void> {
      const found = new Promise<true>((resolve) => {
        const look = (): void => {
          if (pattern.test(output)) resolve(true);
        };
        seen.add(look);
        look();
      });
      if ((await Promise.race([found, ended])) !== true) assert.fail(`${command} did not print ${pattern}:\n${output}`);
    },
  };
}
