import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { startHomeport } from '#test/support/start-homeport.ts';

/**
 * Goal: the guide's commands run as they stand, and a device that is connected with what they revoke is cut off.
 * Method: OpenSSL's own CA and list, and Debian's mosquitto_sub as the device, which comes back by itself.
 */
test('the commands for revoking a certificate run as they stand, and mosquitto_sub is sent away', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const PATH = [join(import.meta.dirname, '../../bin'), process.env.PATH].join(delimiter);
  const env = { PATH, HOME: home.folder, HOMEPORT_DATA: home.data };
  const type = (block: string): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile('bash', ['-euc', block], { env, timeout: 60_000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
  const [makeCa = '', letIn = '', revoke = '', refusals = '', ...more] = blocksOf('sh', 'revoke-a-device.md');
  assert.deepEqual(more, []);
  await type(makeCa);
  await type(letIn);

  const { hostName, mqttPort } = home.status.hub;
  const files = join(home.folder, 'line');
  const words = [
    ...['-oL', 'mosquitto_sub', '-d', '-V', 'mqttv311', '-h', home.address, '-p', String(mqttPort), '--cafile', home.status.ca],
    ...['--cert', join(files, 'my-device.pem'), '--key', join(files, 'my-device.key'), '-i', 'my-device'],
    ...['-u', `${hostName}/my-device/?api-version=2018-06-30`, '-t', 'devices/my-device/messages/devicebound/#'],
  ];
  const device = spawn('stdbuf', words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => device.kill('SIGKILL'));
  let output = '';
  for (const stream of [device.stdout, device.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(device, 'close');
  await eventually(() => /Subscribed \(mid/.test(output) || undefined);

  const said = await type(revoke);
  assert.match(said, /^The list of CN=Line counts now\. It revokes 1 certificate and is good until \d{4}-/m);
  assert.match(said, /^CN=Line\t1\tuntil /m);
  await ended;
  assert.match(output, /not authorised/i);
  const why = await type(refusals);
  assert.match(why, /certificate-revoked/);
  assert.match(why, /key compromise/);
  const end = home
    .log()
    .split('\n')
    .find((line) => line.includes('device.disconnected') && line.includes('my-device'));
  assert.match(end ?? '', /certificate-revoked/);
});
