import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, instant } from '#base/instant.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type RefusalEntry, RefusalLog, refusalLimits } from './refusal-log.ts';

const entry: RefusalEntry = {
  service: 'hub',
  subject: 'dev1',
  peer: '127.0.0.1',
  reason: 'certificate-expired',
  detail: 'The certificate ended an hour ago.',
  trace: [{ check: 'validity', passed: false }],
};

for (const kind of testDatabases()) {
  describe(`refusal log on ${kind.name}`, () => {
    async function open(t: { after(fn: () => Promise<void>): void }) {
      const platform = testPlatform();
      const { database, close } = await kind.open();
      t.after(close);
      return { platform, refusals: new RefusalLog(platform, database), database };
    }

    test('repeats of one refusal are one row with a count', async (t) => {
      const { refusals, platform } = await open(t);
      refusals.record(entry);
      refusals.record(entry);
      assert.equal((await refusals.list()).length, 1);
      platform.clock.advance(1000);
      refusals.record(entry);
      const [row] = await refusals.list();
      assert.equal(row?.times, 3);
      assert.equal(row.last_at - row.first_at, 1000);
      assert.equal(await refusals.count({ subject: 'dev1' }), 3);
    });

    test('control and bidirectional characters from the peer are escaped and long texts are cut', async (t) => {
      const { refusals } = await open(t);
      refusals.record({ ...entry, subject: 'a\u001b[2J\u202eb', detail: 'x'.repeat(5000) });
      const [row] = await refusals.list();
      assert.equal(row?.subject, 'a\\u{1b}[2J\\u{202e}b');
      assert.equal(row.detail.length, refusalLimits.textCharactersMax);
    });

    test('a flood of different refusals is bounded in memory before it reaches the database', async (t) => {
      const { refusals } = await open(t);
      for (let i = 0; i < refusalLimits.pendingMax + 50; i++) refusals.record({ ...entry, subject: `dev${i}` });
      assert.equal(await refusals.count(), refusalLimits.pendingMax);
    });

    test('a refusal is found by its short id, which it keeps when it is repeated', async (t) => {
      const { refusals, database } = await open(t);
      refusals.record(entry);
      const [first] = await refusals.list();
      assert.match(first?.short_id ?? '', /^[0-9a-f]{16}$/);
      refusals.record(entry);
      assert.equal((await refusals.load(first?.short_id ?? ''))?.times, 2);
      assert.equal(await refusals.load('0'.repeat(16)), undefined);
      // As a version left it that had no such ids.
      await database.updateTable('refusal').set({ short_id: null }).execute();
      assert.equal((await refusals.load(first?.short_id ?? ''))?.subject, 'dev1');
      assert.equal((await refusals.list())[0]?.short_id, first?.short_id);
    });

    test('what comes nearest is looked up when the row is written, and stays when a later look-up fails', async (t) => {
      const { refusals } = await open(t);
      let isAsked = false;
      const near = { kind: 'device', name: 'DEV1', detail: 'differs only in case' };
      refusals.record({
        ...entry,
        findNearest: async () => {
          isAsked = true;
          return [near];
        },
      });
      assert.equal(isAsked, false, 'nobody who is refused waits for it');
      assert.deepEqual(JSON.parse((await refusals.list())[0]?.nearest ?? ''), [near]);
      refusals.record({ ...entry, findNearest: () => Promise.reject(new Error('the database is away')) });
      const [row] = await refusals.list();
      assert.equal(row?.times, 2);
      assert.deepEqual(JSON.parse(row.nearest ?? ''), [near]);
    });

    test('of a flood only so many are looked up, and what is found is bounded', async (t) => {
      const { refusals } = await open(t);
      let lookUps = 0;
      const many = Array.from({ length: 50 }, (_, i) => ({ kind: 'device', name: 'x'.repeat(2_000), detail: `${i}` }));
      for (let i = 0; i < 100; i++) {
        const findNearest = async () => {
          lookUps += 1;
          return many;
        };
        refusals.record({ ...entry, subject: `dev${i}`, findNearest });
      }
      const rows = await refusals.list();
      assert.equal(rows.length, 100);
      assert.equal(lookUps, refusalLimits.lookUpsMax);
      const kept = rows.flatMap(({ nearest }) => (nearest === null ? [] : [JSON.parse(nearest)]));
      assert.equal(kept.length, refusalLimits.lookUpsMax);
      for (const list of kept) {
        assert.equal(list.length, refusalLimits.nearestMax);
        assert.equal(list[0].name.length, refusalLimits.textCharactersMax);
      }
    });

    test('a chain is kept with its dates, escaped, cut and without anything else that was in it', async (t) => {
      const { refusals } = await open(t);
      const certificate = {
        issuer: `CN=\u202e${'i'.repeat(1_000)}`,
        sha1Thumbprint: 'AB',
        sha256Thumbprint: 'cd',
        notBefore: 1,
        notAfter: 2,
        commonName: 'x'.repeat(10_000),
      };
      const link = {
        role: 'device',
        subject: 's'.repeat(1_000),
        faults: [{ reason: 'r', detail: 'd'.repeat(1_000) }],
        certificate,
      };
      refusals.record({ ...entry, at: instant(1_000), chain: Array.from({ length: 50 }, () => link) });
      const [row] = await refusals.list();
      assert.equal(row?.evaluated_at, 1_000);
      const chain = JSON.parse(row.chain ?? '');
      assert.equal(chain.length, refusalLimits.chainLinksMax);
      assert.ok((row.chain ?? '').length < refusalLimits.chainLinksMax * 4 * refusalLimits.textCharactersMax);
      assert.equal(chain[0].certificate.issuer.startsWith('CN=\\u{202e}'), true);
      assert.equal('commonName' in chain[0].certificate, false);
      assert.equal(chain[0].certificate.notAfter, 2);
    });

    test('the refusals of one hub are told from those of another', async (t) => {
      const { refusals } = await open(t);
      for (const subject of ['dev1', 'dev1/module', 'plant-2//dev1', 'plant//dev1']) refusals.record({ ...entry, subject });
      refusals.record({ ...entry, service: 'central', subject: 'somebody' });
      const subjects = async (hub: string) => (await refusals.list({ hub })).map((row) => row.subject).sort();
      assert.deepEqual(await subjects('main'), ['dev1', 'dev1/module']);
      assert.deepEqual(await subjects('plant-2'), ['plant-2//dev1']);
      assert.deepEqual(await subjects('%'), []);
    });

    test('a clock that was moved is kept with what was checked against it', async (t) => {
      const { database, platform } = await open(t);
      const { clock } = platform;
      const moved = {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (ms: number, run: () => void) => clock.after(ms, run),
        calendar: clock.calendar,
        offsetMs: 90_000,
      };
      for (const [subject, each] of [
        ['real', clock],
        ['moved', moved],
      ] as const) {
        const refusals = new RefusalLog({ ...platform, clock: each }, database);
        refusals.record({ ...entry, subject });
        await refusals.flush();
      }
      const rows = await new RefusalLog(platform, database).list();
      const offsets = Object.fromEntries(rows.map((row) => [row.subject, row.clock_moved_ms]));
      assert.deepEqual(offsets, { real: null, moved: 90_000 });
    });

    test('refusals older than the limit go', async (t) => {
      const { refusals, platform } = await open(t);
      refusals.record(entry);
      await refusals.flush();
      platform.clock.advance(refusalLimits.ageMaxMs + dayMs);
      refusals.record({ ...entry, subject: 'dev2' });
      assert.deepEqual(
        (await refusals.list()).map((row) => row.subject),
        ['dev2'],
      );
    });
  });
}
