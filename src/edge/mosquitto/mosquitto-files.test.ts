import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import {
  formatMosquittoFiles,
  mosquittoFiles,
  removeMosquittoFiles,
  saveMosquittoFiles,
  takeBridgeFile,
} from './mosquitto-files.ts';

const random = seededRandom(51);

describe('the files that mosquitto reads', () => {
  /** The settings of a device with a certificate for `deviceId`. */
  async function settle(t: TestContext, environment: Record<string, string> = {}, deviceId = 'my-device') {
    const directory = temporaryDirectory(t);
    mkdirSync(join(directory, 'device-certs'));
    const dates = { notBefore: instant(Date.UTC(2026, 0, 1)), notAfter: instant(Date.UTC(2027, 0, 1)) };
    writeFileSync(join(directory, 'device-certs/tedge-certificate.pem'), makeSelfSigned(deviceId, dates).pem);
    writeFileSync(join(directory, 'ca.pem'), '');
    const settings = { TEDGE_AZ_URL: 'hub.example', TEDGE_AZ_ROOT_CERT_PATH: 'ca.pem', TEDGE_MQTT_BRIDGE_BUILT_IN: 'false' };
    return new TedgeSettings(directory, await SettingsFile.load(directory), { ...settings, ...environment });
  }

  test('the bridge has the names, flags and topics of 1.x, and desired properties', async (t) => {
    const settings = await settle(t);
    const { directory } = settings;
    assert.equal(
      (await formatMosquittoFiles(settings)).bridge,
      `# Written by 'tedge connect az' and removed by 'tedge disconnect az': what is changed here is lost.
connection edge_to_az
address hub.example:8883
bridge_cafile ${directory}/ca.pem
bridge_certfile ${directory}/device-certs/tedge-certificate.pem
bridge_keyfile ${directory}/device-certs/tedge-private-key.pem
remote_clientid my-device
remote_username hub.example/my-device/?api-version=2018-06-30
local_clientid Azure
bridge_protocol_version mqttv311
try_private false
start_type automatic
cleansession false
keepalive_interval 60
notifications true
notifications_local_only true
notification_topic te/device/main/service/mosquitto-az-bridge/status/health
bridge_attempt_unsubscribe false
topic messages/events/# out 1 az/ devices/my-device/
topic messages/devicebound/# in 1 az/ devices/my-device/
topic methods/POST/# in 1 az/ $iothub/
topic methods/res/# out 1 az/ $iothub/
topic twin/res/# in 1 az/ $iothub/
topic twin/GET/# out 1 az/ $iothub/
topic twin/PATCH/# out 1 az/ $iothub/
topic twin/PATCH/properties/desired/# in 1 az/ $iothub/
`,
    );
  });

  test('the local broker listens where the settings say, for everybody on this machine', async (t) => {
    const { broker } = await formatMosquittoFiles(await settle(t));
    assert.match(broker, /^#.*\nper_listener_settings true\n/);
    assert.match(broker, /\nlistener 1883 127\.0\.0\.1\nallow_anonymous true\n$/);
  });

  test('settings of §6 change what is written: prefix, roots, keep-alive, pauses, address, topics', async (t) => {
    const settings = await settle(t, {
      TEDGE_AZ_URL: '[::1]:18883',
      TEDGE_AZ_BRIDGE_TOPIC_PREFIX: 'azure',
      TEDGE_AZ_ROOT_CERT_PATH: 'device-certs',
      TEDGE_AZ_BRIDGE_KEEPALIVE_INTERVAL: '2m',
      TEDGE_MQTT_BRIDGE_RECONNECT_POLICY_MAXIMUM_INTERVAL: '90s',
      TEDGE_MQTT_BIND_ADDRESS: '127.0.0.9',
      TEDGE_MQTT_BIND_PORT: '11883',
      TEDGE_MQTT_TOPIC_ROOT: 'edge',
      TEDGE_MQTT_DEVICE_TOPIC_ID: 'device/gate',
    });
    const { bridge, broker } = await formatMosquittoFiles(settings);
    for (const line of [
      'address ::1:18883',
      'remote_username ::1/my-device/?api-version=2018-06-30',
      `bridge_capath ${settings.directory}/device-certs`,
      'keepalive_interval 120',
      'restart_timeout 5 90',
      'notification_topic edge/device/gate/service/mosquitto-azure-bridge/status/health',
      'topic twin/GET/# out 1 azure/ $iothub/',
    ]) {
      assert.ok(bridge.split('\n').includes(line), `${line}\n${bridge}`);
    }
    assert.match(broker, /^listener 11883 127\.0\.0\.9$/m);
  });

  test('other machines come in by a certificate of the CA, and not at all without one', async (t) => {
    const port = { TEDGE_MQTT_EXTERNAL_BIND_PORT: '8883' };
    await assert.rejects(async () => formatMosquittoFiles(await settle(t, port)), {
      code: 'argument-invalid',
      message: /'mqtt.external.ca_path' is not set/,
    });
    const { broker } = await formatMosquittoFiles(
      await settle(t, {
        ...port,
        TEDGE_MQTT_EXTERNAL_BIND_ADDRESS: '0.0.0.0',
        TEDGE_MQTT_EXTERNAL_BIND_INTERFACE: 'eth0',
        TEDGE_MQTT_EXTERNAL_CA_PATH: '/x/ca.pem',
        TEDGE_MQTT_EXTERNAL_CERT_FILE: '/x/cert.pem',
        TEDGE_MQTT_EXTERNAL_KEY_FILE: '/x/key.pem',
      }),
    );
    const [, external] = broker.split('allow_anonymous true\n');
    assert.equal(
      external,
      `listener 8883 0.0.0.0
bind_interface eth0
allow_anonymous false
require_certificate true
use_identity_as_username true
cafile /x/ca.pem
certfile /x/cert.pem
keyfile /x/key.pem
`,
    );
  });

  test('nothing that a setting or a certificate says becomes a line of its own', async (t) => {
    for (const [environment, deviceId] of [
      [{}, 'a\nconnection evil'],
      [{}, 'a b'],
      [{ TEDGE_AZ_BRIDGE_TOPIC_PREFIX: 'a b' }, undefined],
      [{ TEDGE_AZ_BRIDGE_TOPIC_PREFIX: 'az/#' }, undefined],
      [{ TEDGE_MQTT_TOPIC_ROOT: ' ' }, undefined],
      [{ TEDGE_MQTT_BIND_ADDRESS: '127.0.0.1 ' }, undefined],
    ] as const) {
      await assert.rejects(async () => formatMosquittoFiles(await settle(t, environment, deviceId)), {
        code: 'argument-invalid',
      });
    }
  });

  test('both are there for everybody to read, and the bridge is put back where it has to stay', async (t) => {
    const settings = await settle(t);
    const files = mosquittoFiles(settings);
    await saveMosquittoFiles(random, settings);
    for (const path of [files.bridge, files.broker]) assert.equal(statSync(path).mode & 0o777, 0o644);
    const text = readFileSync(files.bridge, 'utf8');
    const putBack = await takeBridgeFile(random, files);
    assert.throws(() => statSync(files.bridge), { code: 'ENOENT' });
    await putBack();
    assert.equal(readFileSync(files.bridge, 'utf8'), text);
    await removeMosquittoFiles(files);
    for (const path of [files.bridge, files.broker]) assert.throws(() => statSync(path), { code: 'ENOENT' });
  });
});
