import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { makeCa, makeLeaf } from '#test/support/certificates.ts';
import { type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const keysOf = (byte: number) => ({ type: 'sas', primaryKey: keyOf(byte), secondaryKey: keyOf(byte + 1) }) as const;
const moduleResource = `${hubHost}/devices/Dev1/modules/Mod1`;

describe('modules that sign in over MQTT', () => {
  let bench: HubBench;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('Dev1', keysOf(1));
    await bench.addModule('Dev1', 'Mod1', keysOf(3));
  });
  afterEach(() => bench.close());

  const expirySeconds = (lifeSeconds = 3600) => Math.ceil(bench.clock.now() / secondMs) + lifeSeconds;
  const tokenOf = (resource: string, key: string, keyName?: string, lifeSeconds?: number) =>
    Buffer.from(
      formatSasToken({
        resource,
        key: Buffer.from(key, 'base64'),
        expirySeconds: expirySeconds(lifeSeconds),
        ...(keyName !== undefined && { keyName }),
      }),
    );
  const connect = (password: Buffer | undefined, moduleId = 'Mod1') =>
    bench.connect({ deviceId: 'Dev1', moduleId, ...(password && { password }) });

  async function assertRefused(device: Awaited<ReturnType<typeof connect>>, reason: string, subject = 'Dev1/Mod1') {
    assert.equal(device.answer.code, 5);
    const row = await bench.refusal();
    assert.deepEqual([row?.reason, row?.subject], [reason, subject]);
    assert.deepEqual(await bench.stored('deviceConnectionStateEvents'), []);
  }

  for (const client of ['Python', 'Node', 'Java', 'C', 'identity service']) {
    test(`hub 26: a module signs in by its own key as the module client of ${client} does`, async () => {
      const text = hubSpellings[client]?.({ resource: moduleResource, key: keyOf(3), expirySeconds: expirySeconds() });
      const module = await bench.connect({
        clientId: 'Dev1/Mod1',
        userName: `${hubHost}/Dev1/Mod1/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28x%29`,
        password: Buffer.from(text ?? ''),
      });
      assert.deepEqual(module.answer, { code: 0, sessionPresent: false });
      assert.equal(bench.hub.presence.isConnected('Dev1/Mod1'), true);
      assert.equal(bench.hub.presence.isConnected('Dev1'), false);
      await until('the event is stored', async () => (await bench.stored('deviceConnectionStateEvents')).length === 1);
      const [event] = await bench.stored('deviceConnectionStateEvents');
      assert.deepEqual([event?.deviceId, event?.moduleId], ['Dev1', 'Mod1']);
      const { system, application } = event?.properties() ?? assert.fail();
      assert.equal(system['iothub-connection-module-id'], 'Mod1');
      assert.deepEqual([application.opType, application.moduleId], ['moduleConnected', 'Mod1']);
    });
  }

  test('hub 26: the secondary key and a user name without question mark do as well', async () => {
    const password = tokenOf(moduleResource, keyOf(4));
    const module = await bench.connect({
      clientId: 'Dev1/Mod1',
      userName: `${hubHost}/Dev1/Mod1/api-version=2018-06-30`,
      password,
    });
    assert.equal(module.answer.code, 0);
  });

  test('a token over the device or the hub reaches its modules, if the module’s own key signed it', async () => {
    for (const resource of [`${hubHost}/devices/Dev1`, hubHost, moduleResource.toLowerCase()]) {
      assert.equal((await connect(tokenOf(resource, keyOf(3)))).answer.code, 0, resource);
    }
  });

  test('the key of its device opens no module, whatever the token is for', async () => {
    await assertRefused(await connect(tokenOf(moduleResource, keyOf(1))), 'token-signature');
  });

  test('the key of another module opens it as little', async () => {
    await bench.addModule('Dev1', 'Mod2', keysOf(5));
    await assertRefused(await connect(tokenOf(moduleResource, keyOf(5))), 'token-signature');
  });

  test('nor does a module’s key open its device', async () => {
    const device = await bench.connect({ deviceId: 'Dev1', password: tokenOf(`${hubHost}/devices/Dev1`, keyOf(3)) });
    await assertRefused(device, 'token-signature', 'Dev1');
  });

  test('a token for one module is refused for another that its name begins', async () => {
    await bench.addModule('Dev1', 'Mod12', keysOf(3));
    await assertRefused(await connect(tokenOf(moduleResource, keyOf(3)), 'Mod12'), 'token-scope', 'Dev1/Mod12');
  });

  test('a policy with DeviceConnect opens a module under the hub’s name', async () => {
    const policy = bench.hub.policies.find('device');
    const module = await connect(tokenOf(moduleResource, policy?.primaryKey ?? '', 'device'));
    assert.equal(module.answer.code, 0);
    await module.send('devices/Dev1/modules/Mod1/messages/events/');
    const [message] = await bench.stored('Telemetry');
    assert.equal(JSON.parse(message?.properties().system['iothub-connection-auth-method'] ?? '').scope, 'hub');
  });

  test('a module with no way to sign in is refused, whatever it brings', async () => {
    await bench.addModule('Dev1', 'none', { type: 'none' });
    await assertRefused(
      await connect(tokenOf(`${hubHost}/devices/Dev1/modules/none`, keyOf(1)), 'none'),
      'credential-type-mismatch',
      'Dev1/none',
    );
  });

  test('module ids are compared with their letter case', async () => {
    await assertRefused(
      await connect(tokenOf(`${hubHost}/devices/Dev1/modules/mod1`, keyOf(3)), 'mod1'),
      'device-unknown',
      'Dev1/mod1',
    );
  });

  test('a client id that is not the module of the user name is refused', async () => {
    const password = tokenOf(moduleResource, keyOf(3));
    for (const clientId of ['Dev1', 'Mod1', 'Dev1/mod1', 'Dev1/Mod1/']) {
      const device = await bench.connect({ userName: `${hubHost}/Dev1/Mod1/?api-version=2021-04-12`, clientId, password });
      assert.equal(device.answer.code, 5, clientId);
    }
    assert.equal((await bench.refusals.list())[0]?.reason, 'client-id-mismatch');
  });

  test('a module is let in by its thumbprint, and says so in what it sends', async () => {
    const created = await bench.addModule('Dev1', 'cert');
    const module = await connect(undefined, 'cert');
    assert.equal(module.answer.code, 0);
    await module.send('devices/Dev1/modules/cert/messages/events/');
    const [message] = await bench.stored('Telemetry');
    const { system } = message?.properties() ?? assert.fail();
    assert.equal(system['iothub-connection-auth-generation-id'], created.generationId);
    assert.deepEqual(JSON.parse(system['iothub-connection-auth-method'] ?? ''), {
      scope: 'module',
      type: 'x509',
      issuer: 'external',
      acceptingIpFilterRule: null,
    });
  });

  describe('by a certificate that a CA signed', () => {
    const ca = makeCa();
    beforeEach(async () => {
      await bench.authorities.upload({ certificateId: 'root', file: ca.der, verifiedOnUpload: true, by: 'test' });
      await bench.addModule('Dev1', 'signed', { type: 'certificateAuthority' });
    });
    const connectAs = (name: string) =>
      bench.connect({ deviceId: 'Dev1', moduleId: 'signed', certificates: [makeLeaf({ issuer: ca, name })] });

    test('the common name is {device}/{module}', async () => {
      const module = await connectAs('Dev1/signed');
      assert.equal(module.answer.code, 0);
      await bench.authorities.delete('root');
      await until('the session is closed', () => module.closed !== undefined);
      assert.equal((await bench.hub.presence.load('Dev1/signed'))?.cause, 'credential-changed');
    });

    for (const name of ['Dev1', 'signed', 'Dev1/Signed', 'Dev2/signed']) {
      test(`${name} is another name`, async () => {
        await assertRefused(await connectAs(name), 'common-name-mismatch', 'Dev1/signed');
      });
    }
  });

  describe('while their device', () => {
    test('is disabled, are refused, and those that were here are gone', async () => {
      const password = tokenOf(moduleResource, keyOf(3));
      const module = await connect(password);
      await bench.hub.registry.setEnabled('Dev1', false);
      assert.equal(module.closed, 'device-disabled');
      assert.equal((await connect(password)).answer.code, 5);
      assert.equal((await bench.refusal())?.reason, 'device-disabled');
      await bench.hub.registry.setEnabled('Dev1', true);
      assert.equal((await connect(password)).answer.code, 0);
    });

    test('is disabled during the sign-in, are refused too', async () => {
      const module = bench.dial({ deviceId: 'Dev1', moduleId: 'Mod1', password: tokenOf(moduleResource, keyOf(3)) });
      await bench.hub.registry.setEnabled('Dev1', false);
      await until('CONNECT is answered', () => module.answer.code !== undefined || module.closed !== undefined);
      await settled();
      assert.equal(bench.hub.presence.isConnected('Dev1/Mod1'), false);
      assert.notEqual(module.closed, undefined);
    });

    test('gets another key, stay', async () => {
      const module = await connect(tokenOf(moduleResource, keyOf(3)));
      await bench.hub.registry.setAuthentication('Dev1', keysOf(7));
      await settled();
      assert.equal(module.closed, undefined);
    });

    test('is deleted, are gone', async () => {
      const module = await connect(tokenOf(moduleResource, keyOf(3)));
      await bench.hub.registry.delete('Dev1');
      assert.equal(module.closed, 'device-deleted');
      assert.equal((await connect(tokenOf(moduleResource, keyOf(3)))).answer.code, 5);
    });
  });

  test('a module’s session lasts as long as its own token, whatever its device’s does', async () => {
    const device = await bench.connect({ deviceId: 'Dev1', password: tokenOf(`${hubHost}/devices/Dev1`, keyOf(1)) });
    const module = await connect(tokenOf(moduleResource, keyOf(3), undefined, 60));
    bench.clock.advance(59 * secondMs);
    await settled();
    assert.equal(module.closed, undefined);
    bench.clock.advance(41 * secondMs);
    await until('the session ends', () => module.closed !== undefined);
    assert.equal((await bench.hub.presence.load('Dev1/Mod1'))?.cause, 'credential-expired');
    assert.notEqual(device.closed, 'credential-expired');
  });

  test('a module whose key is replaced is out, and its device stays', async () => {
    const device = await bench.connect({ deviceId: 'Dev1', password: tokenOf(`${hubHost}/devices/Dev1`, keyOf(1)) });
    const module = await connect(tokenOf(moduleResource, keyOf(3)));
    await bench.hub.registry.modules.update('Dev1', 'Mod1', { authentication: keysOf(9) });
    assert.equal(module.closed, 'credential-changed');
    assert.equal(device.closed, undefined);
    assert.equal((await connect(tokenOf(moduleResource, keyOf(3)))).answer.code, 5);
    assert.equal((await connect(tokenOf(moduleResource, keyOf(9)))).answer.code, 0);
  });
});
