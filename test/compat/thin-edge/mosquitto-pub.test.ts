import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CommandResult, type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

/**
 * Goal: a certificate that `tedge cert create` made lets a program into the hub that knows nothing of us.
 * Method: read the thumbprint off `tedge cert show`, register it with the command line, and publish with
 * Debian's mosquitto_pub, which ends with 0 after the PUBACK and with the CONNACK's code when refused.
 */
describe('mosquitto_pub with a certificate of tedge', () => {
  let homeport: RunningHomeport;
  before(async () => {
    homeport = await startHomeport();
  });
  after(() => homeport.close());

  /** A thin-edge installation of its own. */
  async function makeDevice(deviceId: string) {
    const configuration = mkdtempSync(join(homeport.folder, 'tedge-'));
    const tedge = (...words: string[]) => homeport.ok('tedge', ['--config-dir', configuration, ...words]);
    await tedge('cert', 'create', '--device-id', deviceId);
    const thumbprint = /^Thumbprint: ([0-9A-F]{40})$/m.exec(await tedge('cert', 'show'))?.[1] ?? '';
    const certificate = (await tedge('config', 'get', 'device.cert_path')).trim();
    return { deviceId, thumbprint, certificate, key: (await tedge('config', 'get', 'device.key_path')).trim() };
  }

  const register = (deviceId: string, ...thumbprints: string[]) =>
    homeport.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'x509_thumbprint', ...thumbprints]);

  type Device = Awaited<ReturnType<typeof makeDevice>>;

  /** Publishes one message as thin-edge's bridge would: no password, keep-alive 60, its own API version. */
  function publish({ deviceId, certificate, key }: Device, ...more: string[]): Promise<CommandResult> {
    const { hub, ca } = homeport.status;
    const words = ['-d', '-h', homeport.address, '-p', String(hub.mqttPort), '-V', 'mqttv311', '-q', '1', '-k', '60'];
    words.push('--cafile', ca, '--cert', certificate, '--key', key, '-i', deviceId);
    words.push('-u', `${hub.hostName}/${deviceId}/?api-version=2018-06-30`, '-t', `devices/${deviceId}/messages/events/`);
    return run('mosquitto_pub', [...words, '-m', '{"temperature": 20}', ...more]);
  }

  test('hub 5, and thin-edge 59: the thumbprint that cert show prints is enough to publish with QoS 1', async () => {
    const device = await makeDevice('my-device');
    await register('my-device', '--primary-thumbprint', device.thumbprint);
    const { code, stdout, stderr } = await publish(device);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /received CONNACK \(0\)/);
    assert.match(stdout, /received PUBACK/);
  });

  test('thin-edge 58: a session that is to be kept, and a second connection right after, are accepted', async () => {
    const device = await makeDevice('kept');
    // The guide enters the same thumbprint twice.
    await register('kept', '--primary-thumbprint', device.thumbprint, '--secondary-thumbprint', device.thumbprint);
    for (let time = 0; time < 2; time++) assert.equal((await publish(device, '-c')).code, 0);
  });

  test('thin-edge 64: SHA-1 in lower case with colons, as the secondary thumbprint, matches as well', async () => {
    const device = await makeDevice('roll-over');
    const old = await makeDevice('roll-over');
    const colons = device.thumbprint.toLowerCase().replace(/..(?=.)/g, '$&:');
    await register('roll-over', '--primary-thumbprint', old.thumbprint, '--secondary-thumbprint', colons);
    for (const either of [device, old]) assert.equal((await publish(either)).code, 0);
  });

  test('hub 7: a certificate of the same name with another key is refused with 5, and the log says why', async () => {
    const device = await makeDevice('guarded');
    const impostor = await makeDevice('guarded');
    assert.notEqual(impostor.thumbprint, device.thumbprint);
    await register('guarded', '--primary-thumbprint', device.thumbprint);
    const { code, stdout, stderr } = await publish(impostor);
    assert.equal(code, 5, stdout + stderr);
    assert.match(stdout + stderr, /not authorised/i);
    assert.doesNotMatch(stdout, /PUBACK/);
    const [refusal] = JSON.parse(await homeport.ok('homeport', ['refusals', '--json', '--subject', 'guarded']));
    assert.equal(refusal.reason, 'thumbprint-mismatch');
    assert.equal((await publish(device)).code, 0);
  });

  test('hub 7: nor is a registered certificate good for another device’s name', async () => {
    const [one, two] = [await makeDevice('one'), await makeDevice('two')];
    await register('one', '--primary-thumbprint', one.thumbprint);
    await register('two', '--primary-thumbprint', two.thumbprint);
    assert.equal((await publish({ ...one, deviceId: 'two' })).code, 5);
    assert.equal((await publish({ ...one, deviceId: 'nobody' })).code, 5);
  });

  test('a server that the CA file does not cover is not spoken to', async () => {
    const device = await makeDevice('careful');
    await register('careful', '--primary-thumbprint', device.thumbprint);
    const { code, stdout } = await publish(device, '--cafile', device.certificate);
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, /CONNACK/);
  });
});

function run(command: string, words: readonly string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}
