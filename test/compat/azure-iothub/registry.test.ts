import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Registry } from 'azure-iothub';
import iothub from 'azure-iothub';
import { openServiceBench, type ServiceBench } from '#test/support/service-bench.ts';

describe('the registry through azure-iothub, as it comes from npm', () => {
  let bench: ServiceBench;
  let registry: Registry;
  let made = 0;
  before(async () => {
    bench = await openServiceBench();
    registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  });
  after(() => bench?.close());

  const registryOf = (policy: string) => iothub.Registry.fromConnectionString(bench.connectionString(policy));
  const newId = () => `registry-${++made}`;
  const get = async (deviceId: string) => (await registry.get(deviceId)).responseBody;

  test('hub-service 1, 14: a token over the raw host lists the devices at a path that ends in a slash', async () => {
    const deviceId = newId();
    await registry.create({ deviceId });
    const { responseBody } = await registry.list();
    assert.ok(responseBody.some((device) => device.deviceId === deviceId));
  });

  test('hub-service 5: an expired signature is an UnauthorizedError', async () => {
    const token = bench.token('iothubowner', Math.floor(Date.now() / 1000) - 3600);
    await assert.rejects(iothub.Registry.fromSharedAccessSignature(token).get('d'), { name: 'UnauthorizedError' });
  });

  test('hub-service 6, 7, 8: each policy does what it grants and nothing else', async () => {
    const deviceId = newId();
    const refused = { name: 'UnauthorizedError' };
    await registryOf('registryReadWrite').create({ deviceId });
    await registryOf('registryRead').list();
    await assert.rejects(registryOf('registryRead').create({ deviceId: newId() }), refused);
    assert.equal((await registryOf('service').getTwin(deviceId)).responseBody.deviceId, deviceId);
    await assert.rejects(registryOf('service').create({ deviceId: newId() }), refused);
    await assert.rejects(registryOf('registryRead').getTwin(deviceId), refused);
    await assert.rejects(registryOf('device').list(), refused);
    await assert.rejects(registryOf('device').getTwin(deviceId), refused);
  });

  test('hub-service 15, 22, 23: an unknown device is a DeviceNotFoundError for every call', async () => {
    const unknown = { name: 'DeviceNotFoundError' };
    const deviceId = newId();
    await assert.rejects(registry.get('nope'), unknown);
    await assert.rejects(registry.update({ deviceId: 'nope' }), unknown);
    await assert.rejects(registry.delete('nope'), unknown);
    await registry.create({ deviceId });
    assert.equal((await registry.delete(deviceId)).httpResponse.statusCode, 204);
    await assert.rejects(registry.delete(deviceId), unknown);
  });

  test('hub-service 18, 19: a device without keys gets them, and a second of its name is a DeviceAlreadyExistsError', async () => {
    const deviceId = newId();
    const { responseBody, httpResponse } = await registry.create({ deviceId });
    assert.equal(httpResponse.statusCode, 200);
    const { symmetricKey } = responseBody.authentication ?? {};
    for (const key of [symmetricKey?.primaryKey, symmetricKey?.secondaryKey]) {
      assert.equal(Buffer.from(key ?? '', 'base64').length, 32);
    }
    assert.equal(responseBody.status, 'enabled');
    assert.equal(responseBody.connectionState, 'Disconnected');
    assert.ok(responseBody.generationId && responseBody.etag);
    await assert.rejects(registry.create({ deviceId }), { name: 'DeviceAlreadyExistsError' });
  });

  test('hub-service 20: an update keeps the keys, which the SDK sends as empty texts', async () => {
    const deviceId = newId();
    const { responseBody: created } = await registry.create({ deviceId });
    await registry.update({ deviceId, status: 'disabled' });
    const device = await get(deviceId);
    assert.equal(device.status, 'disabled');
    assert.deepEqual(device.authentication, created.authentication);
    await registry.update({ deviceId, status: 'enabled' });
    assert.equal((await get(deviceId)).status, 'enabled');
  });

  test('hub-service 24, 25: certificates by thumbprint and by CA', async () => {
    const x509Thumbprint = { primaryThumbprint: 'A'.repeat(40), secondaryThumbprint: 'B'.repeat(64) };
    const [self, ca] = [newId(), newId()];
    await registry.create({ deviceId: self, authentication: { x509Thumbprint } } as never);
    const nulls = { primaryKey: null, secondaryKey: null };
    assert.deepEqual((await get(self)).authentication, { symmetricKey: nulls, x509Thumbprint, type: 'selfSigned' });
    await registry.create({ deviceId: ca, authentication: { type: 'certificateAuthority' } } as never);
    assert.deepEqual((await get(ca)).authentication, {
      symmetricKey: nulls,
      x509Thumbprint: { primaryThumbprint: null, secondaryThumbprint: null },
      type: 'certificateAuthority',
    });
  });

  test('hub-service 26: an id with characters that mean something in a path', async () => {
    for (const deviceId of ["a%+#?'b", 'x:y@z', '100%25', '-:.+%_#*?!(),=@;$']) {
      await registry.create({ deviceId });
      assert.equal((await get(deviceId)).deviceId, deviceId);
      assert.equal((await registry.getTwin(deviceId)).responseBody.deviceId, deviceId);
      await registry.delete(deviceId);
    }
  });

  test('hub-service 27, 28, 29: many devices are added, changed and removed; what fails is named', async () => {
    const ids = Array.from({ length: 100 }, newId);
    const added = await registry.addDevices(ids.map((deviceId) => ({ deviceId })));
    assert.equal(added.responseBody.isSuccessful, true);
    const [first = '', second = ''] = ids;
    const fresh = newId();
    // The SDK makes an error of the 400; the body says which devices it was.
    const failed = await registry.addDevices([{ deviceId: first }, { deviceId: fresh }]).then(
      ({ responseBody }) => responseBody,
      (error: { responseBody: string }) => JSON.parse(error.responseBody),
    );
    assert.deepEqual([failed.errors[0].deviceId, failed.errors[0].errorCode], [first, 'DeviceAlreadyExists']);
    assert.equal((await get(fresh)).deviceId, fresh);
    await registry.updateDevices([{ deviceId: first, status: 'disabled' }], true);
    assert.equal((await get(first)).status, 'disabled');
    await registry.removeDevices([{ deviceId: first }, { deviceId: second }], true);
    await assert.rejects(registry.get(second), { name: 'DeviceNotFoundError' });
  });

  test('hub-service 34, 35: statistics count, and disabling a connected device ends its connection', async () => {
    const deviceId = newId();
    const device = await bench.connectDevice(registry, deviceId);
    const { responseBody: statistics } = await registry.getRegistryStatistics();
    assert.equal(
      Number(statistics.totalDeviceCount),
      Number(statistics.enabledDeviceCount) + Number(statistics.disabledDeviceCount),
    );
    assert.equal((await get(deviceId)).connectionState, 'Connected');
    const lost = new Promise((resolve) => device.once('disconnect', resolve));
    await registry.update({ deviceId, status: 'disabled', statusReason: 'stolen' });
    await lost;
    const { connectionState, status, statusReason } = await get(deviceId);
    assert.deepEqual([connectionState, status, statusReason], ['Disconnected', 'disabled', 'stolen']);
  });

  test('hub-service 36, 37, 40: a fresh twin, a patch with a null, and a stale tag', async () => {
    const deviceId = newId();
    await registry.create({ deviceId });
    const { responseBody: twin } = await registry.getTwin(deviceId);
    assert.equal(twin.etag, 'AAAAAAAAAAE=');
    assert.deepEqual([twin.tags, twin.properties.desired.$version, twin.properties.reported.$version], [{}, 1, 1]);
    await twin.update({ tags: { room: 'attic' }, properties: { desired: { a: 1, b: { c: 2 } } } });
    const { responseBody: changed } = await registry.updateTwin(deviceId, { properties: { desired: { a: null } } }, '*');
    const { $metadata, $version, ...desired } = changed.properties.desired;
    assert.deepEqual([desired, $version, changed.tags], [{ b: { c: 2 } }, 3, { room: 'attic' }]);
    assert.ok($metadata.b.c.$lastUpdated);
    await assert.rejects(registry.updateTwin(deviceId, { tags: { a: 1 } }, 'AAAAAAAAAAE='), { name: 'InvalidEtagError' });
    await registry.updateTwin(deviceId, { tags: { a: 1 } }, changed.etag);
  });

  test('hub-service 41: what a twin may not hold is an ArgumentError', async () => {
    const deviceId = newId();
    await registry.create({ deviceId });
    for (const desired of [{ 'a.b': 1 }, { 'a b': 1 }, { a: 'x'.repeat(5_000) }]) {
      await assert.rejects(registry.updateTwin(deviceId, { properties: { desired } }, '*'), { name: 'ArgumentError' });
    }
  });
});
