import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeviceId, isRegistrationId, requireDeviceId } from './ids.ts';

test('a device id has 1 to 128 of the characters that the hub allows', () => {
  for (const id of ['a', 'A1', "-:.+%_#*?!(),=@;$'", '0'.repeat(128)]) {
    assert.ok(isDeviceId(id), id);
    assert.equal(requireDeviceId(id), id);
  }
  for (const id of ['', '0'.repeat(129), 'a/b', 'a b', 'a\n', 'ä', 'a&b', 'a"b', '<a>', 'a\u0000', '../x', 'a\\b'])
    assert.throws(() => requireDeviceId(id), { code: 'argument-invalid' }, JSON.stringify(id));
});

test('a registration id ends with a letter, a digit or a dash', () => {
  for (const id of ['a', 'A-1', 'a.b_c:d', 'a-', '0'.repeat(128)]) assert.ok(isRegistrationId(id), id);
  for (const id of ['', 'a.', 'a_', 'a:', '0'.repeat(129), 'a/b', 'a b', 'a+b', 'ä', 'a\n'])
    assert.ok(!isRegistrationId(id), JSON.stringify(id));
});
