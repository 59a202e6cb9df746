import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAudience, parseDeviceAddress, parsePlainUser, spellings } from './hub-addresses.ts';

describe('addresses of AMQP links', () => {
  test('hub 78: every form in use is read, and nothing else', () => {
    for (const [address, expected] of [
      ['/devices/d1/messages/events', { kind: 'events', deviceId: 'd1' }],
      ['devices/d1/messages/events', { kind: 'events', deviceId: 'd1' }],
      ['amqps://hub/devices/d1/messages/deviceBound', { kind: 'messages', deviceId: 'd1' }],
      ['amqps://hub:5671/devices/d1/methods/deviceBound', { kind: 'methods', deviceId: 'd1' }],
      ['/devices/d1/modules/m/twin', { kind: 'twin', deviceId: 'd1', moduleId: 'm' }],
      ['/devices/a%24b/TWIN/', { kind: 'twin', deviceId: 'a%24b' }],
      ['/devices/d1', undefined],
      ['/devices//twin', undefined],
      ['/devices/d1/messages/events/more', undefined],
      ['/messages/events', undefined],
      ['$cbs', undefined],
      ['', undefined],
    ] as const) {
      assert.deepEqual(parseDeviceAddress(address), expected, address);
    }
  });

  test('an audience names a device or a module, or nobody alone', () => {
    assert.deepEqual(parseAudience('hub/devices/d1'), { deviceId: 'd1' });
    assert.deepEqual(parseAudience('amqps://hub/devices/d1/modules/m'), { deviceId: 'd1', moduleId: 'm' });
    for (const audience of ['hub', 'hub/devices', 'hub/devices/', '']) assert.equal(parseAudience(audience), undefined);
  });

  test('the user name of PLAIN names a device, a module or a policy', () => {
    assert.deepEqual(parsePlainUser('d@1@sas.hub'), { deviceId: 'd@1', hub: 'hub' });
    assert.deepEqual(parsePlainUser('d1/modules/m@sas.hub'), { deviceId: 'd1', moduleId: 'm', hub: 'hub' });
    assert.deepEqual(parsePlainUser('iothubowner@sas.root.hub'), { policyName: 'iothubowner', hub: 'hub' });
    for (const name of ['d1', 'd1@hub', '@sas.hub', 'd1@sas.', 'a/b@sas.hub'])
      assert.equal(parsePlainUser(name), undefined, name);
  });

  test('an id is tried as it was sent, then decoded once', () => {
    assert.deepEqual(spellings({ deviceId: 'd1' }), [{ deviceId: 'd1' }]);
    assert.deepEqual(spellings({ deviceId: 'a%24b', moduleId: 'm' }), [
      { deviceId: 'a%24b', moduleId: 'm' },
      { deviceId: 'a$b', moduleId: 'm' },
    ]);
    assert.deepEqual(spellings({ deviceId: '50%' }), [{ deviceId: '50%' }]);
  });
});
