import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';

/**
 * Goal: a client that knows nothing of Azure gets messages to its device on the topic, whole and once.
 * Method: Debian's mosquitto_sub with a certificate, which ends with 0 after the number of messages it is told.
 */
describe('mosquitto_sub on the topic of messages to a device', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  async function makeDevice(deviceId: string) {
    const identity = bench.selfSignedOf(deviceId);
    await bench.createHubDevice(deviceId, { primary: identity.leaf.certificate.sha256Thumbprint });
    const [certificate, key] = [join(bench.home.folder, `${deviceId}.pem`), join(bench.home.folder, `${deviceId}.key`)];
    writeFileSync(certificate, identity.cert);
    writeFileSync(key, identity.key);
    /** Resolves with a line per message, topic and body, once `count` came. */
    return async function subscribe(count: number, ...more: string[]): Promise<string[]> {
      const { hub, ca } = bench.home.status;
      const words = [
        '-h',
        bench.home.address,
        '-p',
        String(hub.mqttPort),
        '-V',
        'mqttv311',
        '-q',
        '1',
        '-W',
        '60',
        '-C',
        `${count}`,
      ];
      words.push('--cafile', ca, '--cert', certificate, '--key', key, '-i', deviceId, '-F', '%t %p');
      words.push('-u', `${hub.hostName}/${deviceId}/?api-version=2021-04-12`, '-t', `devices/${deviceId}/messages/devicebound/#`);
      const child = spawn('mosquitto_sub', [...words, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code] = await once(child, 'close');
      assert.equal(code, 0, output);
      return output.trim().split('\n');
    };
  }

  const send = (deviceId: string, ...words: string[]) =>
    bench.home.ok('homeport', ['hub', 'c2d', 'send', '-d', deviceId, ...words]);

  test('hub 46, 47, 50: what was sent comes with its bag, in order, and once', async () => {
    const subscribe = await makeDevice('sub-1');
    assert.match(
      await send('sub-1', '--body', 'one', '--message-id', 'm-1', '--property', 'a=b c'),
      /^Queued for sub-1 .* 1 waiting\.$/m,
    );
    await send('sub-1', '--body', 'two');
    const to = '%24.to=%2Fdevices%2Fsub-1%2Fmessages%2FdeviceBound';
    assert.deepEqual(await subscribe(2), [
      `devices/sub-1/messages/devicebound/%24.mid=m-1&${to}&a=b%20c one`,
      `devices/sub-1/messages/devicebound/${to} two`,
    ]);
    assert.match(await send('sub-1', '--body', 'three'), / 1 waiting\.$/m);
    assert.deepEqual(await subscribe(1), [`devices/sub-1/messages/devicebound/${to} three`]);
  });

  test('hub 29: a session that is kept gets what came while the client was away', async () => {
    const subscribe = await makeDevice('sub-2');
    await send('sub-2', '--body', 'first');
    await subscribe(1, '-c');
    for (const body of ['1', '2', '3']) await send('sub-2', '--body', body);
    const bodies = (await subscribe(3, '-c')).map((line) => line.split(' ').at(-1));
    assert.deepEqual(bodies, ['1', '2', '3']);
  });
});
