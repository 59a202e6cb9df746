import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { loadBridgeSettings } from './bridge-settings.ts';

const none = { path: 't', unknownKeys: [], read: () => undefined };
const load = (environment: Record<string, string>) => loadBridgeSettings(new TedgeSettings('/nowhere', none, environment));
const dps = { TEDGE_AZ_DPS_URL: 'dps.example', TEDGE_AZ_DPS_ID_SCOPE: '0ne0000SCOPE', TEDGE_DEVICE_ID: 'd1' };
const key = { TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: 'device.key' };

test('a hub that is named needs no provisioning service', async () => {
  const {
    host,
    port,
    deviceId,
    dps: found,
    credential,
  } = await load({ TEDGE_AZ_URL: 'hub.example:18883', TEDGE_DEVICE_ID: 'd1' });
  assert.deepEqual([host, port, deviceId, found, credential.kind], ['hub.example', 18883, 'd1', undefined, 'certificate']);
});

test('a provisioning service stands in for the hub, and the device registers under its own name or another', async () => {
  const { host, port, deviceId, credential } = await load({ ...dps, TEDGE_AZ_DPS_URL: '[::1]:9000', ...key });
  assert.deepEqual([host, port, deviceId], ['::1', 9000, 'd1']);
  assert.deepEqual(credential, { kind: 'key', path: join('/nowhere', 'device.key') });
  const other = await load({ ...dps, TEDGE_AZ_DPS_REGISTRATION_ID: 'line-7', TEDGE_AZ_DPS_GROUP_KEY_PATH: '/g.key' });
  assert.deepEqual(other.credential, { kind: 'group-key', path: '/g.key', registrationId: 'line-7' });
  assert.equal(other.dps?.registrationId, 'line-7');
});

test('a token lasts as long as it is told to, and never so short that the device would do nothing but connect', async () => {
  assert.equal((await load({ ...dps, ...key })).tokenMs, 3_600_000);
  assert.equal((await load({ ...dps, ...key, TEDGE_AZ_DEVICE_TOKEN_DURATION: '1s' })).tokenMs, 2_000);
});

const wrong: readonly (readonly [what: string, environment: Record<string, string>, says: RegExp])[] = [
  [
    'neither hub nor provisioning service',
    { TEDGE_DEVICE_ID: 'd1' },
    /'az\.url' is not set\.\nRun 'tedge config set az\.url HOST'/,
  ],
  ['no ID scope', { TEDGE_AZ_DPS_URL: 'dps.example', TEDGE_DEVICE_ID: 'd1' }, /Run 'tedge config set az\.dps\.id_scope SCOPE'/],
  ['an ID scope with a slash', { ...dps, TEDGE_AZ_DPS_ID_SCOPE: 'a/b' }, /Run 'tedge config set az\.dps\.id_scope SCOPE'/],
  ['no name', { ...dps, TEDGE_DEVICE_ID: '' }, /no name to register under/],
  ['two keys', { ...dps, ...key, TEDGE_AZ_DPS_GROUP_KEY_PATH: 'g.key' }, /are both set: a device has one key/],
  [
    'the key of a group, and no provisioning service',
    { TEDGE_AZ_URL: 'hub.example', TEDGE_DEVICE_ID: 'd1', TEDGE_AZ_DPS_GROUP_KEY_PATH: 'g.key' },
    /'az\.dps\.url' is not: a group has keys at a provisioning service only/,
  ],
  ['a model that is none', { ...dps, TEDGE_AZ_MODEL_ID: 'thermometer' }, /'az\.model_id' is no name of a model/],
  ['a proxy of another kind', { ...dps, ...key, TEDGE_PROXY_ADDRESS: 'https://proxy.example' }, /has the scheme https/],
  ['mosquitto and DPS', { ...dps, TEDGE_MQTT_BRIDGE_BUILT_IN: 'false' }, /only our own bridge asks DPS/],
  [
    'mosquitto and a key',
    { TEDGE_AZ_URL: 'hub.example', TEDGE_DEVICE_ID: 'd1', ...key, TEDGE_MQTT_BRIDGE_BUILT_IN: 'false' },
    /mosquitto renews no tokens/,
  ],
  [
    'mosquitto and a proxy',
    {
      TEDGE_AZ_URL: 'hub.example',
      TEDGE_DEVICE_ID: 'd1',
      TEDGE_PROXY_ADDRESS: 'proxy.example:3128',
      TEDGE_MQTT_BRIDGE_BUILT_IN: 'false',
    },
    /mosquitto has no way through a proxy/,
  ],
];
for (const [what, environment, says] of wrong) {
  test(`${what}: refused, with what is to be done`, async () => {
    await assert.rejects(load(environment), (error) => error instanceof Problem && says.test(error.message));
  });
}
