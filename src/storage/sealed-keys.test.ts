import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { SealedKeys } from './sealed-keys.ts';
import { SecretStore } from './secret-store.ts';

const keys = { primaryKey: 'cHJpbWFyeQ==', secondaryKey: 'c2Vjb25kYXJ5' };

test('keys come back from their own row only, and from nothing that prints them', async (t) => {
  const [sqlite] = testDatabases();
  assert.ok(sqlite);
  const { database, close } = await sqlite.open();
  t.after(close);
  const sealer = new SecretStore(testPlatform(), database, Buffer.alloc(32, 1));
  const sealed = SealedKeys.seal(sealer, 'row 1', keys);
  assert.deepEqual(new SealedKeys(sealer, 'row 1', new Uint8Array(sealed.sealed)).reveal(), keys);
  assert.throws(() => new SealedKeys(sealer, 'row 2', sealed.sealed).reveal());
  const other = new SecretStore(testPlatform(), database, Buffer.alloc(32, 2));
  assert.throws(() => new SealedKeys(other, 'row 1', sealed.sealed).reveal());
  const altered = Buffer.from(sealed.sealed);
  altered.writeUInt8((altered.at(-1) ?? 0) ^ 1, altered.length - 1);
  assert.throws(() => new SealedKeys(sealer, 'row 1', altered).reveal());
  for (const text of [JSON.stringify({ sealed }), inspect({ sealed }), sealed.sealed.toString('latin1')]) {
    for (const key of Object.values(keys)) assert.equal(text.includes(key), false);
  }
});
