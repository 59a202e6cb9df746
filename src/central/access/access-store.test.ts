import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { AccessStore } from './access-store.ts';

for (const { name, open } of testDatabases()) {
  describe(`what opens Central's doors, on ${name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    before(async () => {
      ({ database, close } = await open());
    });
    after(() => close());

    const at = instant(1_000_000);
    const session = { userId: 'u', displayName: 'U', roleId: 'r', createdAt: at, lastUsedAt: at };
    const token = { signatureHash: 'h', roleId: 'r', expiresAt: at, createdAt: at, createdBy: 'u' };

    test('a sign-in code is given to one of several who ask at once', async () => {
      const store = new AccessStore(database);
      await store.saveSignInCode('hash', at);
      const spent = await Promise.all([1, 2, 3].map(() => store.spendSignInCode('hash')));
      assert.deepEqual(
        spent.filter((expiresAt) => expiresAt !== undefined),
        [at],
      );
    });

    test('sessions and tokens are read as they were written', async () => {
      const store = new AccessStore(database);
      await store.saveSession({ ...session, sessionHash: 's1' });
      await store.touchSession('s1', instant(2_000_000));
      assert.deepEqual(await store.loadSession('s1'), { ...session, sessionHash: 's1', lastUsedAt: instant(2_000_000) });
      await store.deleteSession('s1');
      assert.equal(await store.loadSession('s1'), undefined);
      assert.equal(await store.insertApiToken({ ...token, tokenId: 't1' }), true);
      assert.equal(await store.insertApiToken({ ...token, tokenId: 't1' }), false);
      assert.deepEqual(await store.loadApiToken('t1'), { ...token, tokenId: 't1' });
      assert.deepEqual(await store.listApiTokens('t1', 10), []);
      assert.deepEqual([await store.deleteApiToken('t1'), await store.deleteApiToken('t1')], [true, false]);
    });

    test('what is too old is forgotten, and nothing else', async () => {
      const store = new AccessStore(database);
      await store.saveSession({ ...session, sessionHash: 'idle' });
      await store.saveSession({ ...session, sessionHash: 'old', lastUsedAt: instant(9_000_000) });
      await store.saveSession({ ...session, sessionHash: 'good', createdAt: instant(8_000_000), lastUsedAt: instant(9_000_000) });
      await store.saveSignInCode('stale', at);
      await store.insertApiToken({ ...token, tokenId: 'over' });
      await store.deleteSessions({ usedBefore: instant(5_000_000), madeBefore: at });
      await store.deleteSignInCodes(at);
      await store.deleteApiTokens(at);
      assert.deepEqual(
        await Promise.all(['idle', 'old', 'good'].map(async (hash) => (await store.loadSession(hash)) !== undefined)),
        [false, false, true],
      );
      assert.equal(await store.spendSignInCode('stale'), undefined);
      assert.equal(await store.loadApiToken('over'), undefined);
    });
  });
}
