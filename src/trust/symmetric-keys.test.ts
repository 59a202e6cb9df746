import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { completeKeys, deriveDeviceKey } from './symmetric-keys.ts';

const invalid = (error: unknown) => error instanceof Problem && error.code === 'argument-invalid';

test('dps 11: the device key of the documented group key and registration id is the documented one', () => {
  const groupKey = '8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==';
  const deviceKey = deriveDeviceKey(groupKey, 'sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6');
  assert.equal(deviceKey, 'Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=');
});

test('missing keys are made, each its own, and chosen ones stay the text they were', () => {
  const made = completeKeys(seededRandom(1), {}, 32);
  assert.notEqual(made.primaryKey, made.secondaryKey);
  for (const key of [made.primaryKey, made.secondaryKey]) assert.equal(Buffer.from(key, 'base64').length, 32);
  for (const bytes of [16, 17, 32, 64]) {
    const primaryKey = Buffer.alloc(bytes, 5).toString('base64').replace(/=+$/, '');
    assert.equal(completeKeys(seededRandom(1), { primaryKey }, 32).primaryKey, primaryKey);
  }
});

test('a chosen key that is too short, too long or no base64 is refused, and not quoted', () => {
  const keys = ['AAAA', Buffer.alloc(15).toString('base64'), Buffer.alloc(65).toString('base64'), 'x'.repeat(10_000)];
  keys.push(
    `${'A'.repeat(22)}!`,
    `${'A'.repeat(22)} ==`,
    ` ${'A'.repeat(22)}`,
    'A'.repeat(25),
    'secret-key-with-url-characters__',
  );
  for (const key of keys) {
    assert.throws(() => completeKeys(seededRandom(1), { primaryKey: key }, 32), invalid, key);
    assert.throws(
      () => completeKeys(seededRandom(1), { secondaryKey: key }, 32),
      (error: Error) => !error.message.includes(key),
    );
  }
});
