import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs, minuteMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction } from '#storage/transaction.ts';
import { testDatabases } from '#test/support/databases.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { defaultFileSettings } from './limits.ts';
import { FileNotifications } from './notifications.ts';

const isLockLost = (error: unknown) => error instanceof Problem && error.reason === 'lock-lost';

for (const kind of testDatabases()) {
  describe(`file notifications on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function setUp(settings: Partial<typeof defaultFileSettings> = {}, notificationsMax?: number) {
      const platform = testPlatform();
      const hub = `hub-${++made}`;
      const open = () =>
        FileNotifications.open(platform, database, hub, { ...defaultFileSettings, ...settings }, notificationsMax);
      const notifications = await open();
      const note = async (blobName: string) => {
        const modifiedAt = platform.clock.now();
        const file = { deviceId: 'a', blobName, blobUri: `https://files/${blobName}`, blobBytes: 7, modifiedAt };
        await inTransaction(database, (transaction) => notifications.record(transaction, file));
        await notifications.arrived();
      };
      const name = async () => (await notifications.receive())?.notification.blobName;
      return { clock: platform.clock, open, notifications, note, name };
    }

    test('a notification says whose file came, where it is, how large it is and when it came', async () => {
      const { clock, notifications, note } = await setUp();
      assert.equal(await notifications.receive(), undefined);
      await note('a/x');
      const [modifiedAt, enqueuedAt] = [clock.now(), clock.now()];
      const wanted = { deviceId: 'a', blobName: 'a/x', blobUri: 'https://files/a/x', blobBytes: 7, modifiedAt, enqueuedAt };
      assert.deepEqual((await notifications.receive())?.notification, wanted);
    });

    test('readers that ask at the same time get different ones, in the order in which they came', async () => {
      const { notifications, note, name } = await setUp();
      for (const each of ['a/1', 'a/2', 'a/3']) await note(each);
      const two = await Promise.all([notifications.receive(), notifications.receive()]);
      assert.deepEqual(
        two.map((held) => held?.notification.blobName),
        ['a/1', 'a/2'],
      );
      assert.equal(await name(), 'a/3');
      assert.equal(await name(), undefined);
    });

    test('what is completed or rejected is gone, what is abandoned or kept too long comes again', async () => {
      const { clock, notifications, note, name } = await setUp();
      await note('a/1');
      await notifications.abandon((await notifications.receive())?.lockToken ?? '');
      const late = await notifications.receive();
      clock.advance(minuteMs);
      for (const settle of [notifications.complete, notifications.reject, notifications.abandon]) {
        await assert.rejects(settle.call(notifications, late?.lockToken ?? ''), isLockLost);
      }
      await notifications.complete((await notifications.receive())?.lockToken ?? '');
      await note('a/2');
      await notifications.reject((await notifications.receive())?.lockToken ?? '');
      assert.equal(await name(), undefined);
    });

    test('what was given back too often, and what nobody read in time, is dropped', async () => {
      const { clock, notifications, note, name } = await setUp({ notificationDeliveryCountMax: 1 });
      await note('a/1');
      for (let i = 0; i < 2; i++) await notifications.abandon((await notifications.receive())?.lockToken ?? '');
      assert.equal(await name(), undefined);
      await note('a/2');
      clock.advance(hourMs);
      assert.equal(await name(), undefined);
    });

    test('where nobody reads, the newest are kept', async () => {
      const { note, name } = await setUp({}, 2);
      for (let i = 0; i < 6; i++) await note(`a/${i}`);
      assert.deepEqual([await name(), await name(), await name()], ['a/4', 'a/5', undefined]);
    });

    test('listeners hear when there is something to receive, and numbers go on after a restart', async () => {
      const { open, notifications, note } = await setUp();
      let heard = 0;
      const cancel = notifications.onArrival(() => heard++);
      await note('a/1');
      await notifications.abandon((await notifications.receive())?.lockToken ?? '');
      assert.equal(heard, 2);
      cancel();
      await note('a/2');
      assert.equal(heard, 2);
      const again = await open();
      assert.equal((await again.receive())?.notification.blobName, 'a/1');
      assert.equal((await again.receive())?.notification.blobName, 'a/2');
    });
  });
}
