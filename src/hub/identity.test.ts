import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeIdentity, identityName, identityNotFound, parseIdentityName } from './identity.ts';

test('the name of a device is its id, that of a module both ids, and each is read back', () => {
  const device = { deviceId: "a?b=c%2F'" };
  const module = { deviceId: 'd', moduleId: '$m?x=1' };
  assert.equal(identityName(device), device.deviceId);
  assert.equal(identityName(module), 'd/$m?x=1');
  for (const identity of [device, module]) assert.deepEqual(parseIdentityName(identityName(identity)), identity);
  assert.equal(describeIdentity(module), 'module $m?x=1 of the device d');
});

test('who is not known is told in the words for a device or for a module', () => {
  assert.equal(identityNotFound({ deviceId: 'd' }).code, 'device-not-found');
  const { code, reason, message } = identityNotFound({ deviceId: 'd', moduleId: 'm' });
  assert.deepEqual([code, reason, message], ['not-found', 'module-not-found', 'The device d has no module m.']);
});
