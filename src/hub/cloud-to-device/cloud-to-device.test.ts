import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, type Instant, minuteMs, plus, secondMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { testDatabases } from '#test/support/databases.ts';
import { eventually } from '#test/support/eventually.ts';
import { settled } from '#test/support/hub-bench.ts';
import { hubRooms, thumbprintA } from '#test/support/hub-rooms.ts';
import type { ManualClock } from '#test/support/manual-clock.ts';
import { CloudToDevice } from './cloud-to-device.ts';
import { cloudToDeviceLimits, defaultCloudToDeviceSettings } from './limits.ts';
import type { DeliveredMessage, NewMessage } from './message.ts';

const text = (body: string, more: Partial<NewMessage> = {}): NewMessage => ({ body: Buffer.from(body), ...more });
const isProblem = (code: string, reason?: string) => (error: unknown) =>
  error instanceof Problem && error.code === code && error.reason === reason;

/** Takes what fits its window and settles nothing by itself. */
function inbox(window = 50) {
  const messages: DeliveredMessage[] = [];
  let taken = 0;
  return {
    messages,
    get room() {
      return window - taken;
    },
    deliver(message: DeliveredMessage) {
      messages.push(message);
      taken += 1;
      return true;
    },
    /** Room for so many more. */
    grant(count: number) {
      window += count;
    },
    get bodies() {
      return messages.map(({ body }) => body.toString());
    },
  };
}

for (const kind of testDatabases()) {
  describe(`cloud-to-device messages on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function setUp(settings: Partial<typeof defaultCloudToDeviceSettings> = {}) {
      const hub = `hub-${++made}`;
      const { platform, clock, registry } = hubRooms(database, hub);
      const authentication = { type: 'selfSigned', primaryThumbprint: thumbprintA } as const;
      for (const deviceId of ['a', 'b']) await registry.create({ deviceId, authentication });
      await registry.modules.create({ deviceId: 'a', moduleId: 'm', authentication });
      const options = { platform, database, hub, registry, settings: { ...defaultCloudToDeviceSettings, ...settings } };
      const open = () => new CloudToDevice(options);
      const room = open();
      room.start();
      /** Outcomes that somebody may read now, oldest first. */
      const outcomes = async () => {
        const batch = await room.feedback.receive();
        if (batch) await room.feedback.complete(batch.lockToken);
        return batch?.records.map(({ originalMessageId, outcome }) => `${originalMessageId} ${outcome}`) ?? [];
      };
      return { hub, clock, registry, room, open, outcomes };
    }

    test('a module’s inputs have a queue of their own, with its own limit, order, feedback and end', async () => {
      const { room, registry, open, outcomes } = await setUp();
      await room.send('a/m', text('plain'));
      const { pendingMax } = cloudToDeviceLimits;
      for (let i = 0; i < pendingMax; i++) {
        await room.send('a/m', text(String(i), { input: `in${i % 2}`, messageId: String(i), acknowledgement: 'full' }));
      }
      await assert.rejects(room.send('a/m', text('x', { input: 'in0' })), isProblem('quota-exceeded', 'queue-depth'));
      assert.deepEqual([await room.count('a/m'), await room.countInputs('a/m')], [1, pendingMax]);
      // Read from the rows alone.
      const again = open();
      const taken = inbox(2);
      const delivery = again.attach('a/m/inputs', taken);
      await eventually(() => (taken.messages.length === 2 ? true : undefined));
      assert.deepEqual(
        taken.messages.map(({ body, input, identity, application }) => [body.toString(), input, identity, application]),
        [
          ['0', 'in0', { deviceId: 'a', moduleId: 'm' }, []],
          ['1', 'in1', { deviceId: 'a', moduleId: 'm' }, []],
        ],
      );
      await again.complete('a/m/inputs', taken.messages[0]?.lockToken ?? '');
      assert.deepEqual(await outcomes(), ['0 Success']);
      delivery.detach();
      await again.stop();
      await registry.modules.delete('a', 'm');
      assert.deepEqual([await room.count('a/m'), await room.countInputs('a/m')], [0, 0]);
    });

    test('only a module has inputs, and their names are a level of a topic', async () => {
      const { room } = await setUp();
      await assert.rejects(room.send('a', text('x', { input: 'in1' })), isProblem('argument-invalid'));
      for (const input of ['', 'a/b', 'a b', '#', 'x'.repeat(129)]) {
        await assert.rejects(room.send('a/m', text('x', { input })), isProblem('argument-invalid'), input);
      }
    });

    test('messages are fetched first in, first out, and each has its own queue', async () => {
      const { room } = await setUp();
      for (const body of ['1', '2', '3']) await room.send('a', text(body));
      await room.send('b', text('other'));
      await room.send('a/m', text('module'));
      const first = await room.receive('a');
      const second = await room.receive('a');
      assert.deepEqual([first?.body.toString(), second?.body.toString()], ['1', '2']);
      assert.ok((first?.sequence ?? 0) < (second?.sequence ?? 0));
      assert.equal((await room.receive('b'))?.body.toString(), 'other');
      assert.equal((await room.receive('a/m'))?.body.toString(), 'module');
      assert.equal(await room.receive('a/m'), undefined);
    });

    test('a message keeps everything that its sender said', async () => {
      const { room, clock } = await setUp();
      const expiresAt = plus(clock.now(), 5 * minuteMs);
      const application = [
        ['__proto__', 'x'],
        ['empty', ''],
        ['with', 'a b+c/d&e=ü'],
      ] as const;
      const said = { messageId: 'm-1', correlationId: 'c 1', userId: 'u', contentType: 'text/plain', contentEncoding: 'utf-8' };
      await room.send('a', text('body', { ...said, acknowledgement: 'full', application, expiresAt }));
      const { lockToken, sequence, generationId, body, ...got } = (await room.receive('a')) ?? assert.fail('nothing came');
      assert.match(lockToken, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(body.toString(), 'body');
      assert.deepEqual(got, {
        ...said,
        identity: { deviceId: 'a' },
        acknowledgement: 'full',
        application: application.map((pair) => [...pair]),
        enqueuedAt: clock.now(),
        expiresAt,
        isExpiryAsked: true,
        deliveryCount: 0,
      });
    });

    test('what is locked is invisible, counts as pending, and comes back when its lock is over', async () => {
      const { room, clock } = await setUp();
      await room.send('a', text('1'));
      const first = await room.receive('a');
      assert.equal(await room.receive('a'), undefined);
      assert.equal(await room.count('a'), 1);
      clock.advance(minuteMs - 1);
      assert.equal(await room.receive('a'), undefined);
      clock.advance(1);
      await assert.rejects(room.complete('a', first?.lockToken ?? ''), isProblem('precondition-failed', 'lock-lost'));
      const again = await room.receive('a');
      assert.equal(again?.body.toString(), '1');
      assert.notEqual(again?.lockToken, first?.lockToken);
      assert.equal(again?.deliveryCount, 0);
    });

    test('a token settles once, and only for the device that was given it', async () => {
      const { room } = await setUp();
      await room.send('a', text('1'));
      const { lockToken = '' } = (await room.receive('a')) ?? {};
      await assert.rejects(room.complete('b', lockToken), isProblem('precondition-failed', 'lock-lost'));
      await room.complete('a', lockToken);
      await assert.rejects(room.complete('a', lockToken), isProblem('precondition-failed', 'lock-lost'));
      await assert.rejects(room.abandon('a', lockToken), isProblem('precondition-failed', 'lock-lost'));
      await assert.rejects(room.reject('a', 'nonsense'), isProblem('precondition-failed', 'lock-lost'));
      assert.equal(await room.count('a'), 0);
    });

    test('what is abandoned keeps its place and counts, until it was abandoned too often', async () => {
      const { room, outcomes } = await setUp({ deliveryCountMax: 2 });
      await room.send('a', text('1', { messageId: 'one', acknowledgement: 'negative' }));
      await room.send('a', text('2'));
      for (const count of [0, 1, 2]) {
        const message = await room.receive('a');
        assert.deepEqual([message?.body.toString(), message?.deliveryCount], ['1', count]);
        await room.abandon('a', message?.lockToken ?? '');
      }
      assert.equal((await room.receive('a'))?.body.toString(), '2');
      assert.deepEqual(await outcomes(), ['one DeliveryCountExceeded']);
    });

    test('hub 52: the 51st message that waits is refused, locked ones counted, and there is room again when one is settled', async () => {
      const { room } = await setUp();
      for (let i = 0; i < cloudToDeviceLimits.pendingMax; i++) await room.send('a', text(String(i)));
      const { lockToken = '' } = (await room.receive('a')) ?? {};
      await assert.rejects(room.send('a', text('too many')), isProblem('quota-exceeded', 'queue-depth'));
      await room.send('b', text('for another'));
      await room.complete('a', lockToken);
      await room.send('a', text('fits'));
      assert.equal(await room.count('a'), 50);
    });

    test('sends at the same time never fill the queue above its limit', async () => {
      const { room } = await setUp();
      for (let i = 0; i < 48; i++) await room.send('a', text(String(i)));
      const results = await Promise.allSettled(['x', 'y', 'z', 'w'].map((body) => room.send('a', text(body))));
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 2);
      assert.equal(await room.count('a'), 50);
    });

    test('a message lives an hour unless its sender says otherwise, and is never delivered after that', async () => {
      const { room, clock, outcomes } = await setUp();
      await room.send('a', text('default', { messageId: 'default', acknowledgement: 'full' }));
      await room.send(
        'a',
        text('short', { messageId: 'short', acknowledgement: 'full', expiresAt: plus(clock.now(), minuteMs) }),
      );
      clock.advance(minuteMs);
      await eventually(async () => (await room.count('a')) === 1 || undefined);
      assert.deepEqual(await inTime(clock, async () => nonEmpty(await outcomes())), ['short Expired']);
      clock.advance(hourMs);
      assert.equal(await room.receive('a'), undefined);
      assert.deepEqual(await inTime(clock, async () => nonEmpty(await outcomes())), ['default Expired']);
    });

    test('a message whose time is over while it is locked may still be completed, and expires when it is not', async () => {
      const { room, clock, outcomes } = await setUp();
      const expiresAt = plus(clock.now(), 30 * secondMs);
      await room.send('a', text('1', { messageId: 'one', acknowledgement: 'full', expiresAt }));
      await room.send('a', text('2', { messageId: 'two', acknowledgement: 'full', expiresAt }));
      const one = await room.receive('a');
      await room.receive('a');
      clock.advance(45 * secondMs);
      await room.complete('a', one?.lockToken ?? '');
      assert.deepEqual(await outcomes(), ['one Success']);
      clock.advance(15 * secondMs);
      assert.deepEqual(await inTime(clock, async () => nonEmpty(await outcomes())), ['two Expired']);
    });

    for (const [acknowledgement, onSuccess, onFailure] of [
      [undefined, false, false],
      ['none', false, false],
      ['positive', true, false],
      ['negative', false, true],
      ['full', true, true],
    ] as const) {
      test(`${acknowledgement ?? 'nothing'} asks for feedback ${onSuccess ? '' : 'not '}of success and ${onFailure ? '' : 'not '}of failure`, async () => {
        const { room, outcomes } = await setUp();
        for (const messageId of ['good', 'bad']) await room.send('a', text('x', { messageId, acknowledgement }));
        const [good, bad] = [await room.receive('a'), await room.receive('a')];
        await room.complete('a', good?.lockToken ?? '');
        await room.reject('a', bad?.lockToken ?? '');
        assert.deepEqual(await outcomes(), [...(onSuccess ? ['good Success'] : []), ...(onFailure ? ['bad Rejected'] : [])]);
      });
    }

    test('a purge gives up everything that waits, locked or not, and says how much', async () => {
      const { room, outcomes } = await setUp();
      await room.send('a', text('1', { messageId: 'one', acknowledgement: 'negative' }));
      await room.send('a', text('2', { messageId: 'two', acknowledgement: 'positive' }));
      await room.send('b', text('other'));
      const { lockToken = '' } = (await room.receive('a')) ?? {};
      assert.equal(await room.purge('a'), 2);
      assert.equal(await room.purge('a'), 0);
      await assert.rejects(room.complete('a', lockToken), isProblem('precondition-failed', 'lock-lost'));
      assert.deepEqual(await outcomes(), ['one Purged']);
      assert.equal(await room.count('b'), 1);
      await assert.rejects(room.purge('nobody'), isProblem('device-not-found'));
    });

    const tooFar = 2 * dayMs + 1;
    const refusals: [what: string, message: (now: Instant) => Partial<NewMessage>, code: string, reason?: string][] = [
      ['a message id with a space', () => ({ messageId: 'a b' }), 'argument-invalid'],
      ['an empty message id', () => ({ messageId: '' }), 'argument-invalid'],
      ['a message id of 129 characters', () => ({ messageId: 'x'.repeat(129) }), 'argument-invalid'],
      ['a line break in the correlation id', () => ({ correlationId: 'a\r\nb' }), 'argument-invalid'],
      ['a NUL in the user id', () => ({ userId: 'a\0' }), 'argument-invalid'],
      ['a property without a name', () => ({ application: [['', 'x']] }), 'argument-invalid'],
      ['a space in a property name', () => ({ application: [['a b', 'x']] }), 'argument-invalid'],
      ['a line break in a property', () => ({ application: [['a', 'x\ny']] }), 'argument-invalid'],
      ['half a character in a property', () => ({ application: [['a', '\ud800']] }), 'argument-invalid'],
      ['a system property among the others', () => ({ application: [['$.mid', 'x']] }), 'argument-invalid'],
      ['an acknowledgement among the others', () => ({ application: [['iothub-ack', 'full']] }), 'argument-invalid'],
      ['an expiry that is over', (now) => ({ expiresAt: now }), 'argument-invalid', 'message-expiry'],
      ['an expiry after two days', (now) => ({ expiresAt: plus(now, tooFar) }), 'argument-invalid', 'message-expiry'],
      ['a body of 64 KiB and a property', () => ({ body: Buffer.alloc(65_536), application: [['a', 'b']] }), 'payload-too-large'],
      ['properties that no topic holds', () => ({ application: [['a', 'ü'.repeat(20_000)]] }), 'payload-too-large'],
    ];
    for (const [what, message, code, reason] of refusals) {
      test(`${what} is refused, and nothing is queued`, async () => {
        const { room, clock } = await setUp();
        await assert.rejects(room.send('a', { ...text('x'), ...message(clock.now()) }), isProblem(code, reason));
        assert.equal(await room.count('a'), 0);
      });
    }

    test('a body of 64 KiB, an empty one, and bytes that are no text arrive as they are', async () => {
      const { room } = await setUp();
      const bodies = [Buffer.alloc(65_536, 0xff), Buffer.alloc(0), Buffer.from([0, 0x80, 0xc3])];
      for (const body of bodies) await room.send('a', { body });
      for (const body of bodies) assert.deepEqual((await room.receive('a'))?.body, body);
    });

    test('there is no queue for an unknown device or module', async () => {
      const { room } = await setUp();
      await assert.rejects(room.send('nobody', text('x')), isProblem('device-not-found'));
      await assert.rejects(room.send('a/nobody', text('x')), isProblem('not-found', 'module-not-found'));
    });

    test('hub 98: a device that is deleted takes its messages with it', async () => {
      const { room, registry } = await setUp();
      for (const identity of ['a', 'a/m', 'b']) await room.send(identity, text('x'));
      await registry.delete('a');
      await registry.create({ deviceId: 'a', authentication: { type: 'selfSigned', primaryThumbprint: thumbprintA } });
      assert.deepEqual([...(await room.countMany(['a', 'a/m', 'b']))], [['b', 1]]);
    });

    test('a receiver gets what waits and what comes, in order, as far as its window goes', async () => {
      const { room } = await setUp();
      const receiver = inbox(2);
      for (const body of ['1', '2', '3']) await room.send('a', text(body));
      const delivery = room.attach('a', receiver);
      assert.equal(receiver.messages.length, 0, 'nothing is delivered while it attaches');
      await eventually(() => receiver.messages.length === 2 || undefined);
      await room.send('a', text('4'));
      await settled();
      assert.deepEqual(receiver.bodies, ['1', '2']);
      receiver.grant(2);
      delivery.resume();
      await eventually(() => receiver.messages.length === 4 || undefined);
      assert.deepEqual(receiver.bodies, ['1', '2', '3', '4']);
      for (const { lockToken } of receiver.messages) await room.complete('a', lockToken);
      assert.equal(await room.count('a'), 0);
    });

    test('what a receiver holds is not fetched by another, and what it leaves behind is delivered to the next', async () => {
      const { room } = await setUp();
      await room.send('a', text('1'));
      const first = inbox();
      const delivery = room.attach('a', first);
      await eventually(() => first.messages.length === 1 || undefined);
      assert.equal(await room.receive('a'), undefined);
      delivery.detach();
      const second = inbox();
      room.attach('a', second);
      await eventually(() => second.messages.length === 1 || undefined);
      assert.equal(second.messages[0]?.isRedelivered, false);
      assert.equal(second.messages[0]?.deliveryCount, 0);
      await assert.rejects(room.complete('a', first.messages[0]?.lockToken ?? ''), isProblem('precondition-failed', 'lock-lost'));
      await room.complete('a', second.messages[0]?.lockToken ?? '');
    });

    test('a message that is settled as its receiver leaves is not delivered again', async () => {
      const { room } = await setUp();
      await room.send('a', text('1'));
      const first = inbox();
      const delivery = room.attach('a', first);
      await eventually(() => first.messages.length === 1 || undefined);
      const completed = room.complete('a', first.messages[0]?.lockToken ?? '');
      delivery.detach();
      const second = inbox();
      room.attach('a', second);
      await completed;
      await room.send('a', text('2'));
      await eventually(() => second.messages.length > 0 || undefined);
      assert.deepEqual(second.bodies, ['2']);
    });

    test('a receiver that does not settle in time gets the message again, and hears that it had it before', async () => {
      const { room, clock } = await setUp();
      await room.send('a', text('1'));
      const receiver = inbox();
      room.attach('a', receiver);
      await eventually(() => receiver.messages.length === 1 || undefined);
      await settled();
      clock.advance(minuteMs);
      await inTime(clock, () => receiver.messages.length === 2 || undefined);
      const [first, again] = receiver.messages;
      assert.deepEqual([first?.isRedelivered, again?.isRedelivered], [false, true]);
      await assert.rejects(room.complete('a', first?.lockToken ?? ''), isProblem('precondition-failed', 'lock-lost'));
      await room.complete('a', again?.lockToken ?? '');
    });

    test('what somebody fetched and did not settle comes to the receiver when its lock is over', async () => {
      const { room, clock } = await setUp();
      await room.send('a', text('1'));
      await room.receive('a');
      const receiver = inbox();
      room.attach('a', receiver);
      await settled();
      await eventually(async () => (await room.count('a')) === 1 || undefined);
      assert.equal(receiver.messages.length, 0);
      clock.advance(minuteMs);
      await inTime(clock, () => receiver.messages.length === 1 || undefined);
    });

    test('a receiver that abandons gets the message again at once', async () => {
      const { room } = await setUp();
      await room.send('a', text('1'));
      const receiver = inbox();
      room.attach('a', receiver);
      await eventually(() => receiver.messages.length === 1 || undefined);
      await room.abandon('a', receiver.messages[0]?.lockToken ?? '');
      await eventually(() => receiver.messages.length === 2 || undefined);
      assert.equal(receiver.messages[1]?.deliveryCount, 1);
    });

    test('a receiver that cannot send after all is offered the message when it resumes', async () => {
      const { room } = await setUp();
      await room.send('a', text('1'));
      const got: DeliveredMessage[] = [];
      let isOpen = false;
      let tries = 0;
      const delivery = room.attach('a', {
        room: 50,
        deliver(message) {
          tries += 1;
          if (isOpen) got.push(message);
          return isOpen;
        },
      });
      await eventually(() => tries === 1 || undefined);
      await settled();
      isOpen = true;
      delivery.resume();
      await eventually(() => got.length === 1 || undefined);
      assert.equal(got[0]?.isRedelivered, false);
    });

    test('a newer receiver takes over from the older one', async () => {
      const { room } = await setUp();
      const [first, second] = [inbox(), inbox()];
      const old = room.attach('a', first);
      room.attach('a', second);
      old.detach();
      await room.send('a', text('1'));
      await eventually(() => second.messages.length === 1 || undefined);
      assert.equal(first.messages.length, 0);
    });

    test('another process finds what was sent, with the locks of those who fetched and of nobody else', async () => {
      const { room, open, clock } = await setUp();
      for (const body of ['fetched', 'delivered']) await room.send('a', text(body));
      const fetched = await room.receive('a');
      const receiver = inbox();
      room.attach('a', receiver);
      await eventually(() => receiver.messages.length === 1 || undefined);
      await room.stop();
      const next = open();
      next.start();
      assert.equal((await next.receive('a'))?.body.toString(), 'delivered');
      assert.equal(await next.receive('a'), undefined);
      await next.complete('a', fetched?.lockToken ?? '');
      clock.advance(2 * hourMs);
      await inTime(clock, async () => (await next.count('a')) === 0 || undefined);
      await next.stop();
    });
  });
}

/** Timers that were armed while the clock was moved on fall due when it is moved again. */
function inTime<T>(clock: ManualClock, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  return eventually(() => {
    clock.advance(1);
    return probe();
  });
}

function nonEmpty<T>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}
