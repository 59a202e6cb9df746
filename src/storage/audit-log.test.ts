import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Health } from '#base/health.ts';
import { dayMs, plus } from '#base/instant.ts';
import type { LogFields } from '#base/log.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type AuditEntry, AuditLog } from './audit-log.ts';

type Cleanup = { after(fn: () => Promise<void>): void };

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  service: 'hub',
  hub: 'main',
  actor: 'service',
  credential: 'policy',
  peer: '192.0.2.7',
  action: 'PUT /devices/:deviceId',
  target: '/devices/dev1',
  status: 200,
  trackingId: 't',
  ...more,
});

for (const { name, open } of testDatabases()) {
  describe(`the audit log on ${name}`, () => {
    async function openLog(t: Cleanup, entriesMax = 1_000) {
      const { database, close } = await open();
      const logged: [string, LogFields | undefined][] = [];
      const log = { ...testPlatform().log, error: (event: string, fields?: LogFields) => void logged.push([event, fields]) };
      const platform = { ...testPlatform(), log, health: new Health() };
      const audit = new AuditLog(platform, database, { days: 30, entriesMax });
      t.after(async () => {
        await audit.stop();
        await close();
      });
      const targets = async (filter = {}) => (await audit.list(filter)).map(({ target }) => target);
      return { ...platform, audit, database, logged, targets };
    }

    test('keeps what came together in the order in which it came, and reads on', async (t) => {
      const { audit, targets } = await openLog(t);
      await Promise.all(Array.from({ length: 1_200 }, (_, i) => audit.record(entry({ target: `/devices/d${i}` }))));
      const newest = await audit.list({ limit: 2 });
      assert.deepEqual(
        newest.map(({ target }) => target),
        ['/devices/d1199', '/devices/d1198'],
      );
      assert.deepEqual(await targets({ limit: 1, before: newest[1]?.sequence }), ['/devices/d1197']);
    });

    test('finds by service, hub, actor, the beginning of a target, and time', async (t) => {
      const { audit, clock, targets } = await openLog(t);
      await audit.record(entry({ target: '/devices/a%b' }));
      clock.advance(1_000);
      const second = clock.now();
      await audit.record(entry({ target: '/devices/aXb', actor: 'registryReadWrite', hub: 'other' }));
      await audit.record(entry({ target: '/api/devices/x', service: 'central', hub: undefined }));
      assert.deepEqual(await targets({ target: '/devices/a%' }), ['/devices/a%b']);
      assert.deepEqual(await targets({ service: 'central' }), ['/api/devices/x']);
      assert.deepEqual(await targets({ hub: 'other' }), ['/devices/aXb']);
      assert.deepEqual(await targets({ actor: 'registryReadWrite' }), ['/devices/aXb']);
      assert.deepEqual(await targets({ until: second }), ['/devices/a%b']);
      assert.deepEqual(await targets({ since: second, service: 'hub' }), ['/devices/aXb']);
    });

    test('lets go of what is too old, and of the oldest when there is too much', async (t) => {
      const { audit, clock, targets } = await openLog(t, 2);
      audit.start();
      await audit.record(entry({ target: '/old' }));
      clock.advance(31 * dayMs);
      for (const target of ['/1', '/2', '/3']) await audit.record(entry({ target }));
      await audit.forget();
      assert.deepEqual(await targets(), ['/3', '/2']);
    });

    test('bounds and escapes what a client chose', async (t) => {
      const { audit } = await openLog(t);
      await audit.record(entry({ target: `/devices/\u001b[31m${'x'.repeat(5_000)}` }));
      const [kept] = await audit.list();
      assert.match(kept?.target ?? '', /^\/devices\/\\u\{1b\}\[31mx+…$/);
      assert.ok((kept?.target.length ?? 0) <= 300);
    });

    test('a database that takes nothing loses no change: the entry goes to the log, and health says so', async (t) => {
      const { audit, database, health, logged } = await openLog(t);
      await database.schema.alterTable('audit_entry').renameTo('away').execute();
      await audit.record(entry());
      assert.deepEqual(
        logged.map(([event, fields]) => [event, fields?.target]),
        [['audit.unwritten', '/devices/dev1']],
      );
      assert.match((await health.report()).concerns[0]?.says ?? '', /^The last 1 changes are not in the audit log/);
      await database.schema.alterTable('away').renameTo('audit_entry').execute();
      await audit.record(entry());
      assert.equal((await health.report()).state, 'ok');
    });
  });
}

test('entries carry the instant of their change', async (t) => {
  const [database] = testDatabases();
  assert.ok(database);
  const { database: opened, close } = await database.open();
  t.after(close);
  const platform = testPlatform();
  const audit = new AuditLog(platform, opened, { days: 1, entriesMax: 1_000 });
  const at = plus(platform.clock.now(), 5_000);
  platform.clock.advance(5_000);
  await audit.record(entry());
  assert.equal((await audit.list())[0]?.at, at);
});
