import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs, minuteMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction } from '#storage/transaction.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { HeldMessage } from './attachment.ts';
import { Feedback, type Outcome } from './feedback.ts';
import { cloudToDeviceLimits, defaultCloudToDeviceSettings } from './limits.ts';

const isLockLost = (error: unknown) => error instanceof Problem && error.reason === 'lock-lost';

for (const kind of testDatabases()) {
  describe(`feedback on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    function setUp(
      settings: Partial<typeof defaultCloudToDeviceSettings> = {},
      room?: { recordsMax: number; trimEvery: number },
    ) {
      const platform = testPlatform();
      const all = { ...defaultCloudToDeviceSettings, ...settings };
      const feedback = new Feedback(platform, database, `hub-${++made}`, all, room);
      const note = (messageId: string, outcome: Outcome = 'Success', moduleId?: string) => {
        const now = platform.clock.now();
        const message: HeldMessage = {
          messageId,
          identity: { deviceId: 'a', ...(moduleId === undefined ? {} : { moduleId }) },
          generationId: '7',
          sequence: 1,
          acknowledgement: 'full',
          application: [],
          enqueuedAt: now,
          expiresAt: now,
          isExpiryAsked: false,
          deliveryCount: 0,
        };
        return inTransaction(database, (transaction) => feedback.record(transaction, message, outcome));
      };
      const ids = async () => (await feedback.receive())?.records.map(({ originalMessageId }) => originalMessageId);
      return { clock: platform.clock, feedback, note, ids };
    }

    test('a record says which message, whose, how it ended and when', async () => {
      const { clock, feedback, note } = setUp();
      assert.equal(await feedback.receive(), undefined);
      await note('one', 'Rejected', 'm');
      assert.deepEqual((await feedback.receive())?.records, [
        {
          originalMessageId: 'one',
          identity: { deviceId: 'a', moduleId: 'm' },
          generationId: '7',
          outcome: 'Rejected',
          at: clock.now(),
        },
      ]);
    });

    test('readers share what there is: nobody gets what another has', async () => {
      const { note, ids } = setUp();
      const { feedbackBatchMax } = cloudToDeviceLimits;
      for (let i = 0; i < feedbackBatchMax + 2; i++) await note(`m${i}`);
      assert.deepEqual((await ids())?.length, feedbackBatchMax);
      assert.deepEqual(await ids(), ['m64', 'm65']);
      assert.equal(await ids(), undefined);
    });

    test('what ends at the same time is recorded, each record once, and those who read at once get different ones', async () => {
      const { feedback, note } = setUp();
      const names = Array.from({ length: 70 }, (_, i) => `m${i}`);
      await Promise.all(names.map((name) => note(name)));
      const batches = await Promise.all([feedback.receive(), feedback.receive(), feedback.receive()]);
      const read = batches.flatMap((batch) => batch?.records.map(({ originalMessageId }) => originalMessageId) ?? []);
      assert.deepEqual(read.sort(), names.sort());
    });

    test('what is completed is gone, what is abandoned and what is kept too long comes again', async () => {
      const { clock, feedback, note, ids } = setUp();
      await note('one');
      const first = await feedback.receive();
      await feedback.abandon(first?.lockToken ?? '');
      await assert.rejects(feedback.complete(first?.lockToken ?? ''), isLockLost);
      const second = await feedback.receive();
      clock.advance(minuteMs);
      await assert.rejects(feedback.complete(second?.lockToken ?? ''), isLockLost);
      const third = await feedback.receive();
      await feedback.complete(third?.lockToken ?? '');
      await assert.rejects(feedback.complete(third?.lockToken ?? ''), isLockLost);
      assert.equal(await ids(), undefined);
    });

    test('what was given back too often, and what nobody read in time, is dropped', async () => {
      const { clock, feedback, note, ids } = setUp({ feedbackDeliveryCountMax: 1 });
      await note('one');
      for (let i = 0; i < 2; i++) await feedback.abandon((await feedback.receive())?.lockToken ?? '');
      assert.equal(await ids(), undefined);
      await note('late');
      clock.advance(hourMs);
      assert.equal(await ids(), undefined);
    });

    test('where nobody reads, the newest are kept', async () => {
      const { note, ids } = setUp({}, { recordsMax: 3, trimEvery: 2 });
      for (let i = 0; i < 8; i++) await note(`m${i}`);
      assert.deepEqual(await ids(), ['m5', 'm6', 'm7']);
    });
  });
}
