import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { SecretStore } from './secret-store.ts';

for (const kind of testDatabases()) {
  describe(`secret store on ${kind.name}`, () => {
    test('a secret comes back under its name and is not readable in the database', async (t) => {
      const { database, close } = await kind.open();
      t.after(close);
      const store = new SecretStore(testPlatform(), database, Buffer.alloc(32, 7));
      await store.save('policy', Buffer.from('the key itself'));
      assert.equal((await store.load('policy'))?.toString(), 'the key itself');
      const row = await database.selectFrom('secret').selectAll().executeTakeFirstOrThrow();
      assert.ok(!Buffer.from(row.sealed).includes('the key itself'));
    });

    test('another master key, or a row under another name, does not open it', async (t) => {
      const { database, close } = await kind.open();
      t.after(close);
      const store = new SecretStore(testPlatform(), database, Buffer.alloc(32, 7));
      await store.save('policy', Buffer.from('secret'));
      await assert.rejects(new SecretStore(testPlatform(), database, Buffer.alloc(32, 8)).load('policy'));
      await database.updateTable('secret').set({ name: 'other' }).execute();
      await assert.rejects(store.load('other'));
    });

    test('loadOrCreate makes a secret once', async (t) => {
      const { database, close } = await kind.open();
      t.after(close);
      const store = new SecretStore(testPlatform(), database, Buffer.alloc(32, 7));
      const first = await store.loadOrCreate('nonce', () => Buffer.from('one'));
      const second = await store.loadOrCreate('nonce', () => Buffer.from('two'));
      assert.deepEqual([first.toString(), second.toString()], ['one', 'one']);
    });
  });
}
