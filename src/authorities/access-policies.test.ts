import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretStore } from '#storage/secret-store.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { AccessPolicies } from './access-policies.ts';

const table = { owner: ['read', 'write'], reader: ['read'] } as const;

for (const { name, open } of testDatabases()) {
  describe(`access policies on ${name}`, () => {
    test('are made at first run with keys of 32 bytes of their own, and are the same at the next', async (t) => {
      const { database, close } = await open();
      t.after(close);
      const secretsOf = (masterKey: number) => new SecretStore(testPlatform(), database, Buffer.alloc(32, masterKey));
      const openPolicies = (owner: string, seed: string) =>
        AccessPolicies.open<'read' | 'write'>(testPlatform(seed), secretsOf(1), owner, table);
      const first = (await openPolicies('hub:a', 'first')).list();
      assert.deepEqual(
        first.map((policy) => [policy.name, [...policy.rights]]),
        [
          ['owner', ['read', 'write']],
          ['reader', ['read']],
        ],
      );
      const keys = first.flatMap(({ primaryKey, secondaryKey }) => [primaryKey, secondaryKey]);
      assert.equal(new Set(keys).size, 4);
      for (const key of keys) assert.equal(Buffer.from(key, 'base64').length, 32);
      const again = await openPolicies('hub:a', 'second');
      assert.deepEqual(again.list(), first);
      assert.equal(again.find('reader'), again.list()[1]);
      assert.equal(again.find('Reader'), undefined);
      const other = await openPolicies('hub:b', 'third');
      assert.equal(keys.includes(other.find('owner')?.primaryKey ?? ''), false);
      const sealed = await database.selectFrom('secret').select('sealed').execute();
      assert.equal(sealed.length, 4);
      for (const key of keys) {
        for (const row of sealed) assert.equal(Buffer.from(row.sealed).includes(Buffer.from(key, 'base64')), false);
      }
      await assert.rejects(AccessPolicies.open(testPlatform(), secretsOf(2), 'hub:a', table));
    });
  });
}
