import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { minuteMs, secondMs } from '#base/instant.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { type HubBench, hubHost, openHubBench, settled, telemetryTopic, until } from '#test/support/hub-bench.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const primaryKey = Buffer.alloc(32, 1).toString('base64');
const secondaryKey = Buffer.alloc(32, 2).toString('base64');

describe('signing in over MQTT by token', () => {
  let bench: HubBench;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.hub.registry.create({ deviceId: 'MyDev', authentication: { type: 'sas', primaryKey, secondaryKey } });
  });
  afterEach(() => bench.close());

  type Signed = { deviceId?: string; key?: string; lifeSeconds?: number; resource?: string; keyName?: string };

  function tokenOf({ deviceId = 'MyDev', key = primaryKey, lifeSeconds = 3600, resource, keyName }: Signed = {}): Buffer {
    return Buffer.from(
      formatSasToken({
        resource: resource ?? `${hubHost}/devices/${deviceId}`,
        key: Buffer.from(key, 'base64'),
        expirySeconds: Math.ceil(bench.clock.now() / secondMs) + lifeSeconds,
        ...(keyName !== undefined && { keyName }),
      }),
    );
  }

  const connect = (password: Buffer, deviceId = 'MyDev') => bench.connect({ deviceId, password });

  async function assertRefused(password: Buffer, reason: string, deviceId = 'MyDev'): Promise<void> {
    const device = await connect(password, deviceId);
    assert.equal(device.answer.code, 5);
    await until('the session is closed', () => device.closed !== undefined);
    assert.equal((await bench.refusal())?.reason, reason);
    const stored = JSON.stringify(await bench.refusals.list());
    assert.equal(stored.includes(primaryKey) || stored.includes('sig='), false, 'neither key nor token is kept');
    assert.deepEqual(await bench.stored('deviceConnectionStateEvents'), []);
  }

  for (const [client, spell] of Object.entries(hubSpellings)) {
    test(`hub 14, hub 15, hub 16: the token of ${client} opens a session`, async () => {
      const expirySeconds = Math.ceil(bench.clock.now() / secondMs) + 30;
      const text = spell({ resource: `${hubHost}/devices/MyDev`, key: primaryKey, expirySeconds });
      assert.equal((await connect(Buffer.from(text))).answer.code, 0);
    });
  }

  test('hub 19: the secondary key opens a session too', async () => {
    assert.equal((await connect(tokenOf({ key: secondaryKey }))).answer.code, 0);
  });

  test('what it sends says that it came in by a key of its own', async () => {
    const device = await connect(tokenOf());
    await device.send(telemetryTopic('MyDev'));
    const [message] = await bench.stored('Telemetry');
    assert.deepEqual(JSON.parse(message?.properties().system['iothub-connection-auth-method'] ?? ''), {
      scope: 'device',
      type: 'sas',
      issuer: 'iothub',
      acceptingIpFilterRule: null,
    });
  });

  test('hub 17: a policy with DeviceConnect opens a session under the hub’s name, and what it sends says so', async () => {
    const policy = bench.hub.policies.find('device');
    assert.ok(policy);
    const device = await connect(tokenOf({ resource: hubHost, key: policy.primaryKey, keyName: 'device' }));
    assert.equal(device.answer.code, 0);
    await device.send(telemetryTopic('MyDev'));
    const [message] = await bench.stored('Telemetry');
    assert.equal(JSON.parse(message?.properties().system['iothub-connection-auth-method'] ?? '').scope, 'hub');
  });

  test('a policy without DeviceConnect opens none', async () => {
    const policy = bench.hub.policies.find('service');
    assert.ok(policy);
    await assertRefused(tokenOf({ resource: hubHost, key: policy.primaryKey, keyName: 'service' }), 'policy-right-missing');
  });

  test('hub 18: a token for abc is refused for abcd, though both have the same key', async () => {
    for (const deviceId of ['abc', 'abcd']) {
      await bench.hub.registry.create({ deviceId, authentication: { type: 'sas', primaryKey } });
    }
    assert.equal((await connect(tokenOf({ deviceId: 'abc' }), 'abc')).answer.code, 0);
    const device = await connect(tokenOf({ deviceId: 'abc' }), 'abcd');
    assert.equal(device.answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'token-scope');
  });

  test('hub 13: a token past the skew is refused, within it is not', async () => {
    assert.equal((await connect(tokenOf({ lifeSeconds: -290 }))).answer.code, 0);
    bench.clock.advance(minuteMs);
    await bench.close();
    bench = await openHubBench();
    await bench.hub.registry.create({ deviceId: 'MyDev', authentication: { type: 'sas', primaryKey, secondaryKey } });
    await assertRefused(tokenOf({ lifeSeconds: -302 }), 'token-expired');
  });

  test('a wrong key, no token, and a token of another hub are refused', async () => {
    await assertRefused(tokenOf({ key: Buffer.alloc(32, 9).toString('base64') }), 'token-signature');
  });

  test('the bare key is refused as malformed and not kept', () => assertRefused(Buffer.from(primaryKey), 'token-malformed'));

  test('a token for another hub is refused', () =>
    assertRefused(tokenOf({ resource: 'other.example/devices/MyDev' }), 'token-scope'));

  test('a password of the largest size is refused like any other', () =>
    assertRefused(Buffer.alloc(65_535, 0x61), 'token-malformed'));

  test('a certificate alone does not open a device by key', async () => {
    const device = await bench.connect({ deviceId: 'MyDev', certificates: [makeSelfSigned('MyDev')] });
    assert.equal(device.answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'credential-type-mismatch');
  });

  test('hub 28: a wrong key does not touch the session that is open', async () => {
    const live = await connect(tokenOf());
    assert.equal((await connect(tokenOf({ key: Buffer.alloc(32, 9).toString('base64') }))).answer.code, 5);
    await settled();
    assert.equal(live.closed, undefined);
    await live.send(telemetryTopic('MyDev'));
  });

  test('hub 33: the session ends without a packet once the token has expired, and not before', async () => {
    const device = await connect(tokenOf({ lifeSeconds: 60 }));
    bench.clock.advance(59 * secondMs);
    await settled();
    assert.equal(device.closed, undefined);
    bench.clock.advance(41 * secondMs);
    await until('the session ends', () => device.closed !== undefined);
    assert.equal(device.closed, 'credential-expired');
    const presence = await bench.hub.presence.load('MyDev');
    assert.equal(presence?.isConnected, false);
    assert.deepEqual(device.messages, []);
  });

  test('hub 32: a renewal by a new connection evicts the old one and lives by the new token', async () => {
    const old = await connect(tokenOf({ lifeSeconds: 60 }));
    const renewed = await connect(tokenOf({ lifeSeconds: 3600 }));
    await until('the old session ends', () => old.closed !== undefined);
    bench.clock.advance(5 * minuteMs);
    await settled();
    // Keep-alive is not what is tested here.
    assert.notEqual(renewed.closed, 'credential-expired');
  });

  test('another key ends the session at once, and the old one opens none', async () => {
    const device = await connect(tokenOf());
    await bench.hub.registry.setAuthentication('MyDev', { type: 'sas', primaryKey: Buffer.alloc(32, 5).toString('base64') });
    await until('the session ends', () => device.closed !== undefined);
    assert.equal(device.closed, 'credential-changed');
    assert.equal((await connect(tokenOf())).answer.code, 5);
    assert.equal((await connect(tokenOf({ key: secondaryKey }))).answer.code, 0);
  });

  test('hub 20: disabling the device ends its session and refuses it by name', async () => {
    const device = await connect(tokenOf());
    await bench.hub.registry.setEnabled('MyDev', false);
    await until('the session ends', () => device.closed !== undefined);
    assert.equal((await connect(tokenOf())).answer.code, 5);
    assert.equal((await bench.refusal())?.reason, 'device-disabled');
  });
});
