import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { startMosquitto } from '#test/support/mosquitto.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

const name = 'use-plain-mqtt.md';
const guide = readFileSync(join(import.meta.dirname, '../../docs/guides', name), 'utf8');

/** Every block of the guide for the broker door, as it stands there and in its order. */
describe('the guide for plain MQTT', () => {
  let home: RunningHomeport;
  const [letIn = '', talk = '', ...more] = blocksOf('sh', name);
  before(async () => {
    home = await startHomeport();
    const [settings = ''] = [...guide.matchAll(/^```toml\n(.*?)^```$/gms)].map(([, block]) => block);
    await home.stop();
    writeFileSync(join(home.data, 'homeport.toml'), settings);
    await home.restart();
    await type(letIn);
  });
  after(() => home.close());

  function type(block: string): Promise<string> {
    const PATH = [join(import.meta.dirname, '../../bin'), process.env.PATH].join(delimiter);
    const env = { PATH, HOME: home.folder, HOMEPORT_DATA: home.data };
    return new Promise((resolve, reject) => {
      execFile('bash', ['-euc', block], { env, timeout: 60_000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
  }

  test('its commands let two devices in and bring the one what the other sent meanwhile', async () => {
    assert.deepEqual(more, []);
    const lines = (await type(talk)).trim().split('\n');
    assert.deepEqual(lines, ['site/pump/pressure 4.2', 'site/pump/state on', 'site/pump/state on']);
  });

  test('its bridge hands on what is published beside it, brings what others publish, and makes no circle', async (t) => {
    const bridge = /^```\n(connection home\n.*?)^```$/ms.exec(guide)?.[1] ?? '';
    const files = join(home.folder, 'pump/device-certs');
    const lines = bridge
      .replace('HUB', home.address)
      .replace('/etc/mosquitto/homeport-ca.pem', home.status.ca)
      .replace('/etc/mosquitto/pump.pem', join(files, 'tedge-certificate.pem'))
      .replace('/etc/mosquitto/pump.key', join(files, 'tedge-private-key.pem'))
      .trim()
      .split('\n');
    const folder = join(home.folder, 'mosquitto');
    mkdirSync(folder);
    const mosquitto = await startMosquitto({ address: '127.78.0.1', folder, lines });
    t.after(() => mosquitto.stop());
    await mosquitto.logged(/Received SUBACK from/);
    const local = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 0 });
    t.after(() => local.endAsync(true));
    const heard: string[] = [];
    local.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
    await local.subscribeAsync('site/here/#', { qos: 1 });
    await local.publishAsync('site/here/1', 'one', { qos: 1 });
    await eventually(() => (heard.length >= 2 ? true : undefined));
    await local.publishAsync('site/here/2', 'two', { qos: 1 });
    await eventually(() => (heard.length >= 4 ? true : undefined));
    assert.deepEqual(heard, ['site/here/1 one', 'site/here/1 one', 'site/here/2 two', 'site/here/2 two']);
    assert.equal(mosquitto.count(/Sending PUBLISH to .*'site\/here\/1'/), 3);
  });
});
