import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, minuteMs } from '#base/instant.ts';
import { ClockGuard } from '#sphere/clock/clock-guard.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { Nonces } from './nonces.ts';

const binding = { deviceId: 'ab'.repeat(64), tenantId: '0'.repeat(36), audience: 'https://a/0' };

for (const kind of testDatabases()) {
  describe(`nonces on ${kind.name}`, () => {
    async function open(t: { after(fn: () => Promise<void>): void }) {
      const platform = testPlatform();
      const { database, close } = await kind.open();
      t.after(close);
      const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
      const clockGuard = new ClockGuard(platform, database);
      return { platform, database, clockGuard, replica: () => new Nonces({ platform, database, secrets, clockGuard }) };
    }

    test('sphere 61: what one replica issues another redeems, and of two at once only one does', async (t) => {
      const { replica } = await open(t);
      const [a, b] = [replica(), replica()];
      const { nonce } = await a.issue(binding);
      const checks = [await a.check(nonce, binding), await b.check(nonce, binding)];
      const values = checks.map((verdict) => {
        assert.ok(verdict.accepted);
        return verdict.value;
      });
      const [first, second] = values;
      assert.ok(first && second);
      assert.deepEqual((await Promise.all([a.redeem(first), b.redeem(second)])).sort(), [false, true]);
    });

    test('issuing stores nothing but the day’s key', async (t) => {
      const { database, replica } = await open(t);
      const nonces = replica();
      for (let i = 0; i < 5; i++) await nonces.issue(binding);
      assert.deepEqual(await database.selectFrom('sphere_nonce').selectAll().execute(), []);
      assert.equal((await database.selectFrom('secret').selectAll().execute()).length, 1);
    });

    test('keys change with the day and the one before yesterday is destroyed', async (t) => {
      const { platform, database, replica } = await open(t);
      const nonces = replica();
      for (let day = 0; day < 4; day++) {
        await nonces.issue(binding);
        platform.clock.advance(dayMs);
      }
      await nonces.issue(binding);
      const names = (await database.selectFrom('secret').select('name').orderBy('name').execute()).map((row) => row.name);
      const today = Math.floor(platform.clock.now() / dayMs);
      assert.deepEqual(names, [`sphere-nonce-${today - 1}`, `sphere-nonce-${today}`]);
    });

    test('redeemed nonces are forgotten five minutes after they expired, not before', async (t) => {
      const { platform, database, replica } = await open(t);
      const nonces = replica();
      const redeem = async () => {
        const verdict = await nonces.check((await nonces.issue(binding)).nonce, binding);
        assert.ok(verdict.accepted && (await nonces.redeem(verdict.value)));
      };
      const count = async () => (await database.selectFrom('sphere_nonce').selectAll().execute()).length;
      await redeem();
      platform.clock.advance(7 * minuteMs);
      await redeem();
      assert.equal(await count(), 2);
      platform.clock.advance(minuteMs);
      await redeem();
      assert.equal(await count(), 2);
    });

    test('a nonce that expired stays expired when the server clock falls back', async (t) => {
      const { platform, database, clockGuard, replica } = await open(t);
      const nonces = replica();
      const { nonce } = await nonces.issue(binding);
      const issuedAt = platform.clock.now();
      platform.clock.advance(10 * minuteMs);
      await clockGuard.raise(database, platform.clock.now());
      platform.clock.setWallClock(issuedAt);
      const verdict = await nonces.check(nonce, binding);
      assert.equal(verdict.accepted ? 'accepted' : verdict.refusal.reason, 'nonce-expired');
    });
  });
}
