import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { FileNotifications } from '#hub/files/notifications.ts';
import { hubPolicyTable } from '#hub/instances/hub-policies.ts';
import { inTransaction } from '#storage/transaction.ts';
import { type AmqpBench, openAmqpBench } from '#test/support/amqp-bench.ts';
import { type AmqpTestClient, errorIn, outcomeOf } from '#test/support/amqp-client.ts';
import { type HubBench, hubHost, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage, type OutgoingMessage } from '#wire/amqp/message.ts';

const outcomes = { accepted: 0x24, rejected: 0x25, released: 0x26, modified: 0x27 } as const;
const devicebound = '/messages/devicebound';
const feedback = '/messages/serviceBound/feedback';
const files = '/messages/serviceBound/filenotifications';

describe('back ends on AMQP', () => {
  let bench: HubBench;
  let amqp: AmqpBench;
  beforeEach(async () => {
    bench = await openHubBench();
    amqp = openAmqpBench(bench);
  });
  afterEach(async () => {
    amqp.stop();
    await bench.close();
  });

  /** A connection with this token put. */
  async function shown(token: string, name = hubHost): Promise<AmqpTestClient> {
    const client = amqp.dial();
    client.open();
    client.cbs();
    client.putToken(0, token, name);
    assert.equal((await client.cbsReply()).status, 200);
    return client;
  }

  /** What becomes of a link: `open`, or the condition with which it ends after its attach was answered. */
  async function attached(client: AmqpTestClient, handle: number, address: string, isSender: boolean): Promise<unknown> {
    client.attach({ handle, address, isSender });
    if (!isSender) client.flow(handle, 1);
    await client.next(performative.attach);
    await settled();
    const isDetached = client.frames.some(({ code }) => code === performative.detach);
    return isDetached ? (await client.error(performative.detach)).condition : 'open';
  }

  describe('being let in', () => {
    test('hub-service 67: a bare AMQP header and a token in $cbs are enough, and the status is an AMQP int', async () => {
      const client = amqp.dial();
      client.open();
      client.cbs();
      client.putToken(0, amqp.policyToken('service'), hubHost);
      const { payload } = await client.next(performative.transfer);
      const name = encode.string('status-code');
      const at = payload.indexOf(name) + name.length;
      assert.deepEqual(payload.subarray(at, at + 5), encode.int(200));
      assert.equal(await attached(client, 2, devicebound, true), 'open');
    });

    test('hub-service 68: PLAIN takes a token for a password; a bad signature, and one of another policy, fail its outcome', async () => {
      const plain = (user: string, password: string) => Buffer.from(`\0${user}\0${password}`);
      const good = amqp.policyToken('service');
      const client = amqp.dial();
      assert.equal(await client.sasl('PLAIN', plain('service@sas.root.HOME', good)), 0);
      client.open();
      assert.equal(await attached(client, 2, `amqps://${hubHost}${feedback}`, false), 'open');
      const forged = good.replace(/sig=[^&]*/, `sig=${encodeURIComponent(Buffer.alloc(32).toString('base64'))}`);
      for (const [user, token] of [
        ['service', forged],
        ['iothubowner', good],
        ['service', amqp.policyToken('service', { seconds: -600 })],
        ['service', amqp.policyToken('service', { resource: 'elsewhere.example' })],
      ] as const) {
        const other = amqp.dial();
        assert.equal(await other.sasl('PLAIN', plain(`${user}@sas.root.home`, token)), 1, user);
        await other.end();
      }
    });

    test('hub-service 69: MSSBCBS, a ulong for a message id and no reply-to are answered in the same type', async () => {
      const client = amqp.dial();
      assert.equal(await client.sasl('MSSBCBS'), 0);
      client.open();
      client.cbs();
      client.putToken(0, amqp.policyToken('service'), `https://${hubHost}`, encode.ulong(3));
      const { status, correlationId } = await client.cbsReply();
      assert.deepEqual([status, correlationId], [200, encode.ulong(3)]);
      assert.equal(await attached(client, 2, devicebound, true), 'open');
    });

    test('ANONYMOUS with a token signed by the text of a key is let in, by the primary and the secondary one', async () => {
      for (const isSecondary of [false, true]) {
        const client = amqp.dial();
        assert.equal(await client.sasl('ANONYMOUS'), 0);
        client.open();
        client.cbs();
        client.putToken(0, amqp.policyToken('service', { isText: true, isSecondary }), `sb://${hubHost}/home/$management`);
        assert.equal((await client.cbsReply()).status, 200);
        assert.equal(await attached(client, 2, feedback, false), 'open');
      }
    });

    test('before any token every link is attached and then detached as unauthorized', async () => {
      const client = amqp.dial();
      client.open();
      for (const [handle, address, isSender] of [
        [2, devicebound, true],
        [3, feedback, false],
        [4, files, false],
        [5, 'messages/events/$management', false],
        [6, '$management', true],
        [7, 'home/ConsumerGroups/$Default/Partitions/0', false],
      ] as const) {
        assert.equal(await attached(client, handle, address, isSender), 'amqp:unauthorized-access', address);
      }
      const [refusal] = await bench.refusals.list();
      assert.deepEqual([refusal?.reason, refusal?.subject], ['token-missing', 'service']);
    });

    test('every link asks for ServiceConnect, which two of the policies grant', async () => {
      for (const [policy, rights] of Object.entries(hubPolicyTable)) {
        const client = await shown(amqp.policyToken(policy));
        const expected = (rights as readonly string[]).includes('ServiceConnect') ? 'open' : 'amqp:unauthorized-access';
        assert.equal(await attached(client, 2, devicebound, true), expected, policy);
        assert.equal(await attached(client, 3, feedback, false), expected, policy);
        assert.equal(await attached(client, 4, files, false), expected, policy);
      }
      assert.ok((await bench.refusals.list()).every(({ reason }) => reason === 'policy-right-missing'));
    });

    test('a token reaches as far as its own scope says, whatever the audience says', async () => {
      const client = await shown(amqp.policyToken('service', { resource: `sb://${hubHost}/messages/devicebound` }), 'anything');
      assert.equal(await attached(client, 2, devicebound, true), 'open');
      assert.equal(await attached(client, 3, feedback, false), 'amqp:unauthorized-access');
      client.putToken(1, amqp.policyToken('service', { resource: `${hubHost}/messages/serviceBound` }), 'anything');
      assert.equal((await client.cbsReply()).status, 200);
      assert.equal(await attached(client, 4, feedback, false), 'open');
    });

    test('a wrong token is answered 401 and the connection goes on', async () => {
      const client = await shown(amqp.policyToken('service'));
      const wrong = [
        amqp.policyToken('service', { seconds: -600 }),
        amqp.policyToken('service').replace('skn=service', 'skn=device'),
        amqp.policyToken('service', { resource: 'elsewhere.example' }),
      ];
      for (const [i, token] of wrong.entries()) {
        client.putToken(i + 1, token, hubHost);
        assert.equal((await client.cbsReply()).status, 401);
      }
      assert.equal(await attached(client, 2, devicebound, true), 'open');
    });

    test('a link in the direction that its address does not have is refused', async () => {
      const client = await shown(amqp.policyToken('service'));
      assert.equal(await attached(client, 2, devicebound, false), 'amqp:not-allowed');
      assert.equal(await attached(client, 3, feedback, true), 'amqp:not-allowed');
    });

    test('a back end that opens no link for a while stays connected', async () => {
      const client = await shown(amqp.policyToken('service'));
      bench.clock.advance(60_000);
      assert.equal(await attached(client, 2, devicebound, true), 'open');
    });

    test('when its token ends a link is detached and the connection too; a token that came in time carries it on', async () => {
      const client = await shown(amqp.policyToken('service', { seconds: 60 }));
      assert.equal(await attached(client, 2, devicebound, true), 'open');
      bench.clock.advance(30_000);
      client.putToken(1, amqp.policyToken('service', { seconds: 60 }), hubHost);
      assert.equal((await client.cbsReply()).status, 200);
      bench.clock.advance(45_000);
      await settled();
      assert.ok(!client.frames.some(({ code }) => code === performative.detach));
      bench.clock.advance(16_000);
      assert.equal((await client.error(performative.detach)).condition, 'amqp:unauthorized-access');
      await client.end();
    });

    test('where two tokens are, the end of one takes only the links that the other does not reach', async () => {
      const client = await shown(amqp.policyToken('service', { resource: `${hubHost}/messages/devicebound`, seconds: 600 }));
      client.putToken(1, amqp.policyToken('service', { resource: `${hubHost}/messages/serviceBound`, seconds: 60 }), hubHost);
      assert.equal((await client.cbsReply()).status, 200);
      assert.equal(await attached(client, 2, devicebound, true), 'open');
      assert.equal(await attached(client, 3, feedback, false), 'open');
      bench.clock.advance(61_000);
      const detach = await client.next(performative.detach);
      assert.deepEqual([detach.fields[0], errorIn(detach).condition], [1 + 1 + 1, 'amqp:unauthorized-access']);
      await settled();
      assert.ok(!client.isEnded);
      assert.equal(await attached(client, 4, feedback, false), 'amqp:unauthorized-access');
    });
  });

  describe('messages to devices', () => {
    let client: AmqpTestClient;
    // The first of the session brought the token.
    let deliveryId = 1;
    beforeEach(async () => {
      deliveryId = 1;
      await bench.addDevice('dev-1');
      client = await shown(amqp.policyToken('service'));
      client.attach({ handle: 2, address: devicebound, isSender: true });
      const { fields } = await client.next(performative.flow, (frame) => frame.fields[4] === 1 || frame.fields[4] === 2);
      assert.ok(Number(fields[6]) >= 100, 'a hundred messages may be sent at once');
    });

    /** What becomes of a message: `accepted`, or the condition and the code with which it is rejected. */
    async function sent({ to = '/devices/dev-1/messages/devicebound', ...message }: SentMessage = {}): Promise<unknown> {
      const { properties, ...rest } = message;
      const target = to === '' ? {} : { to: encode.string(to) };
      const payload = encodeMessage({ data: Buffer.from('body'), ...rest, properties: { ...target, ...properties } });
      for (let at = 0, isMore = true; isMore; at += 60_000) {
        isMore = at + 60_000 < payload.length;
        client.transfer({ handle: 2, deliveryId, payload: payload.subarray(at, at + 60_000), isMore });
      }
      const id = deliveryId++;
      const answer = await client.next(performative.disposition, ({ fields }) => fields[1] === id);
      if (outcomeOf(answer) === outcomes.accepted) return 'accepted';
      assert.equal(outcomeOf(answer), outcomes.rejected);
      const { condition, info } = errorIn(answer);
      assert.ok(info instanceof Map);
      assert.equal(info.get('com.microsoft:tracking-id'), 'track-1');
      return [condition, info.get('com.microsoft:error-code')];
    }
    type SentMessage = OutgoingMessage & { to?: string };

    const waiting = (identity = 'dev-1') => bench.hub.cloudToDevice.count(identity);
    /** The messages that wait, as the device gets them. */
    async function received(identity = 'dev-1') {
      const messages: Awaited<ReturnType<typeof encodedTo>> = await encodedTo(identity);
      return messages;
    }
    async function encodedTo(identity: string) {
      const certificate = bench.ownCertificates.get(identity.split('/').at(-1) ?? '');
      assert.ok(certificate);
      const device = amqp.dial([certificate]);
      device.open();
      const [deviceId, moduleId] = identity.split('/');
      const path = moduleId === undefined ? `${deviceId}` : `${deviceId}/modules/${moduleId}`;
      device.attach({ handle: 2, address: `/devices/${path}/messages/devicebound`, isSender: false });
      device.flow(2, 60);
      const count = await waiting(identity);
      const messages: ReturnType<typeof decodeMessage>[] = [];
      for (let i = 0; i < count; i++) messages.push(decodeMessage((await device.next(performative.transfer)).payload));
      return messages;
    }

    test('hub-service 71: a message is accepted when it waits for its device, with all that it says', async () => {
      assert.equal(
        await sent({
          properties: {
            messageId: encode.string('m-1'),
            correlationId: encode.string('c-1'),
            userId: encode.binary(Buffer.from('somebody')),
            contentType: encode.symbol('application/json'),
            contentEncoding: encode.symbol('utf-8'),
            absoluteExpiryTime: encode.timestamp(bench.clock.now() + 60_000),
          },
          application: [
            ['iothub-ack', encode.string('full')],
            ['colour', encode.string('red')],
            ['count', encode.int(7)],
          ],
          data: Buffer.from('{"a":1}'),
        }),
        'accepted',
      );
      assert.equal(await waiting(), 1);
      const [message] = await received();
      assert.ok(message);
      const { properties, application } = message;
      assert.deepEqual(
        (['messageId', 'correlationId', 'contentType', 'contentEncoding'] as const).map((name) => properties.get(name)),
        ['m-1', 'c-1', 'application/json', 'utf-8'],
      );
      assert.equal(String(properties.get('userId')), 'somebody');
      assert.ok(properties.get('absoluteExpiryTime') instanceof Date);
      assert.deepEqual([application.get('colour'), application.get('count')], ['red', '7']);
      assert.equal(Buffer.concat(message.data).toString(), '{"a":1}');
    });

    test('a uuid that Node makes of an id is the same text again, and a ulong its digits', async () => {
      const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
      const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
      assert.equal(await sent({ properties: { messageId: encode.uuid(bytes), correlationId: encode.ulong(5) } }), 'accepted');
      const [message] = await received();
      assert.deepEqual([message?.properties.get('messageId'), message?.properties.get('correlationId')], [id, '5']);
    });

    test('an id in the address is tried as it was sent and then decoded', async () => {
      await bench.addDevice('a%23b');
      await bench.addDevice('a#b');
      const to = (id: string) => sent({ to: `/devices/${id}/messages/devicebound` });
      assert.equal(await to('a#b'), 'accepted');
      assert.equal(await to('a%2523b'), 'accepted');
      assert.deepEqual([await waiting('a#b'), await waiting('a%23b')], [1, 1]);
      assert.equal(await to('a%23b'), 'accepted');
      assert.equal(await waiting('a%23b'), 2, 'as it was sent comes first');
      await bench.hub.registry.delete('a%23b');
      assert.equal(await to('a%23b'), 'accepted');
      assert.equal(await waiting('a#b'), 2);
    });

    test('a module is reached, whatever the case of the words', async () => {
      await bench.addModule('dev-1', 'mod-1');
      const to = 'amqps://home.example/devices/dev-1/modules/mod-1/messages/deviceBound';
      assert.equal(await sent({ to }), 'accepted');
      assert.deepEqual([await waiting('dev-1/mod-1'), await waiting()], [1, 0]);
      assert.deepEqual(await sent({ to: '/devices/dev-1/modules/none/messages/devicebound' }), ['amqp:not-found', 404010]);
    });

    test('hub-service 72: a message to an unknown device is rejected as not found', async () => {
      assert.deepEqual(await sent({ to: '/devices/nobody/messages/devicebound' }), ['amqp:not-found', 404001]);
    });

    test('hub-service 73: the 51st message that waits is rejected, and the one after a purge is not', async () => {
      for (let i = 0; i < 50; i++) assert.equal(await sent(), 'accepted');
      assert.deepEqual(await sent(), ['amqp:resource-limit-exceeded', 403004]);
      assert.equal(await bench.hub.cloudToDevice.purge('dev-1'), 50);
      assert.equal(await sent(), 'accepted');
    });

    test('what cannot be is rejected by itself, each with its condition, and the link goes on', async () => {
      const rows: readonly [string, SentMessage, string, number][] = [
        ['no address', { to: '' }, 'amqp:not-allowed', 400006],
        ['an address that is none', { to: '/devices/dev-1' }, 'amqp:not-allowed', 400006],
        ['where devices send', { to: '/devices/dev-1/messages/events' }, 'amqp:not-allowed', 400006],
        ['an acknowledgement that is none', ack('sometimes'), 'com.microsoft:argument-error', 400004],
        [
          'a message id that is none',
          { properties: { messageId: encode.string('a b') } },
          'com.microsoft:argument-error',
          400004,
        ],
        [
          'an expiry in the past',
          { properties: { absoluteExpiryTime: encode.timestamp(bench.clock.now() - 1) } },
          'com.microsoft:argument-error',
          403009,
        ],
        [
          'an expiry after more than two days',
          { properties: { absoluteExpiryTime: encode.timestamp(bench.clock.now() + 49 * 3_600_000) } },
          'com.microsoft:argument-error',
          403009,
        ],
        ['a property name with a blank', { application: [['a b', encode.string('')]] }, 'com.microsoft:argument-error', 400004],
        ['a property that is a list', { application: [['a', encode.list([])]] }, 'com.microsoft:argument-error', 400004],
        ['far more than 64 KB', { data: Buffer.alloc(500 * 1024) }, 'amqp:link:message-size-exceeded', 413001],
        ['more than 64 KB', { data: Buffer.alloc(64 * 1024 + 1) }, 'amqp:link:message-size-exceeded', 413001],
      ];
      for (const [what, message, ...expected] of rows) assert.deepEqual(await sent(message), expected, what);
      client.transfer({ handle: 2, deliveryId: deliveryId++, payload: Buffer.from('garbage') });
      assert.equal((await client.error(performative.disposition)).condition, 'amqp:decode-error');
      assert.equal(await waiting(), 0);
      assert.equal(await sent({ data: Buffer.alloc(63 * 1024) }), 'accepted');
    });
    const ack = (value: string): SentMessage => ({ application: [['iothub-ack', encode.string(value)]] });

    test('a body is data sections one after the other, text, or bytes in a value', async () => {
      const properties = { to: encode.string('/devices/dev-1/messages/devicebound') };
      const head = encodeMessage({ properties, data: Buffer.from('one ') });
      const second = encode.described(0x75, encode.binary(Buffer.from('body')));
      const payloads = [
        Buffer.concat([head, second]),
        encodeMessage({ properties, value: encode.string('as text') }),
        encodeMessage({ properties, value: encode.binary(Buffer.from('as bytes')) }),
      ];
      for (const payload of payloads) {
        client.transfer({ handle: 2, deliveryId: deliveryId++, payload });
        assert.equal(outcomeOf(await client.next(performative.disposition)), outcomes.accepted);
      }
      const bodies = (await received()).map(({ data }) => Buffer.concat(data).toString());
      assert.deepEqual(bodies, ['one body', 'as text', 'as bytes']);
    });

    test('a message is accepted when it is on disk, and those to one device keep their order', async () => {
      const properties = { to: encode.string('/devices/dev-1/messages/devicebound') };
      for (let i = 0; i < 20; i++) {
        client.transfer({
          handle: 2,
          deliveryId: deliveryId++,
          payload: encodeMessage({ properties, data: Buffer.from(`${i}`) }),
        });
      }
      // One disposition may speak of several.
      for (let accepted = 0; accepted < 20; ) {
        const answer = await client.next(performative.disposition);
        assert.equal(outcomeOf(answer), outcomes.accepted);
        accepted = Number(answer.fields[2] ?? answer.fields[1]);
        assert.ok((await waiting()) >= accepted, 'what was accepted can be counted');
      }
      const bodies = (await received()).map(({ data }) => Buffer.concat(data).toString());
      assert.deepEqual(
        bodies,
        Array.from({ length: 20 }, (_, i) => `${i}`),
      );
    });
  });

  describe('what became of messages', () => {
    /** A back end that reads feedback. */
    async function reader(credit = 100, modes: { sndSettleMode?: number; rcvSettleMode?: number } = {}) {
      const client = await shown(amqp.policyToken('service'));
      client.attach({ handle: 2, address: feedback, isSender: false, ...modes });
      client.flow(2, credit);
      await client.next(performative.attach);
      await settled();
      return client;
    }

    /** A message to the device that ends at once, of which its sender is to hear. */
    async function purged(messageId: string, deviceId = 'dev-1') {
      await bench.hub.cloudToDevice.send(deviceId, { body: Buffer.from('x'), messageId, acknowledgement: 'full' });
      await bench.hub.cloudToDevice.purge(deviceId);
    }

    async function batch(client: AmqpTestClient) {
      const { fields, payload } = await client.next(performative.transfer);
      const message = decodeMessage(payload);
      const records: Record<string, string>[] = JSON.parse(Buffer.concat(message.data).toString());
      return { deliveryId: Number(fields[1]), tag: fields[2] as Buffer, isSettled: fields[4], message, records };
    }
    const ids = (records: readonly Record<string, string>[]) => records.map(({ originalMessageId }) => originalMessageId);

    beforeEach(() => bench.addDevice('dev-1'));

    test('hub-service 75: purged and expired messages come back as Purged and Expired, a second after the first', async () => {
      const client = await reader();
      await purged('p-1');
      await bench.hub.cloudToDevice.send('dev-1', {
        body: Buffer.from('x'),
        messageId: 'e-1',
        acknowledgement: 'negative',
        timeToLiveMs: 500,
      });
      await settled();
      assert.ok(!client.frames.some(({ code }) => code === performative.transfer));
      bench.clock.advance(999);
      await until('it has expired', async () => (await bench.hub.cloudToDevice.count('dev-1')) === 0);
      await settled();
      bench.clock.advance(1);
      const { message, records, tag } = await batch(client);
      assert.deepEqual(
        records.map(({ originalMessageId, statusCode }) => [originalMessageId, statusCode]),
        [
          ['p-1', 'Purged'],
          ['e-1', 'Expired'],
        ],
      );
      const [first] = records;
      assert.deepEqual(Object.keys(first ?? {}).sort(), [
        'description',
        'deviceGenerationId',
        'deviceId',
        'enqueuedTimeUtc',
        'originalMessageId',
        'statusCode',
      ]);
      assert.equal(message.properties.get('contentType'), 'application/vnd.microsoft.iothub.feedback.json');
      assert.deepEqual(message.properties.get('userId'), Buffer.from('home'));
      assert.ok(message.annotations.get('iothub-enqueuedtime') instanceof Date);
      assert.equal(tag.length, 16);
    });

    test('a batch goes at once when it is full, with 64 records', async () => {
      const client = await reader();
      for (let i = 0; i < 2; i++) {
        for (let n = 0; n < 32; n++) {
          const message = { body: Buffer.from('x'), messageId: `${i * 32 + n}`, acknowledgement: 'full' } as const;
          await bench.hub.cloudToDevice.send('dev-1', message);
        }
        await bench.hub.cloudToDevice.purge('dev-1');
      }
      assert.equal((await batch(client)).records.length, 64);
    });

    test('accepted and rejected are the end of it; released and modified bring it again', async () => {
      const client = await reader();
      await purged('m-1');
      bench.clock.advance(1_000);
      for (const outcome of [outcomes.released, outcomes.modified, outcomes.accepted]) {
        const { deliveryId, records } = await batch(client);
        assert.deepEqual(ids(records), ['m-1']);
        client.settle(deliveryId, outcome);
      }
      await settled();
      await purged('m-2');
      bench.clock.advance(1_000);
      const next = await batch(client);
      assert.deepEqual(ids(next.records), ['m-2']);
      client.settle(next.deliveryId, outcomes.rejected);
      await settled();
      bench.clock.advance(120_000);
      await settled();
      assert.ok(!client.frames.some(({ code }) => code === performative.transfer));
    });

    test('what nobody settles comes again when its lock of a minute is over, to whoever reads then', async () => {
      const first = await reader(1);
      await purged('m-1');
      bench.clock.advance(1_000);
      await batch(first);
      first.stream.destroy();
      await settled();
      const second = await reader();
      bench.clock.advance(58_000);
      await settled();
      assert.ok(!second.frames.some(({ code }) => code === performative.transfer));
      bench.clock.advance(2_000);
      assert.deepEqual(ids((await batch(second)).records), ['m-1']);
    });

    test('readers share what there is: nothing comes to two of them', async () => {
      const readers = [await reader(1), await reader(1)];
      for (const id of ['m-1', 'm-2']) {
        await purged(id);
        bench.clock.advance(1_000);
        await settled();
      }
      const got = await Promise.all(readers.map(async (client) => ids((await batch(client)).records)));
      assert.deepEqual(got.flat().sort(), ['m-1', 'm-2']);
    });

    test('who settles second is answered with a settled disposition, and told when the lock was lost', async () => {
      const client = await reader(10, { rcvSettleMode: 1 });
      await purged('m-1');
      bench.clock.advance(1_000);
      client.settle((await batch(client)).deliveryId, outcomes.accepted, { isSettled: false });
      const answer = await client.next(performative.disposition);
      assert.deepEqual([answer.fields[3], outcomeOf(answer)], [true, outcomes.accepted]);
      await purged('m-2');
      bench.clock.advance(1_000);
      const { deliveryId } = await batch(client);
      bench.clock.setWallClock((bench.clock.now() + 61_000) as ReturnType<typeof bench.clock.now>);
      client.settle(deliveryId, outcomes.accepted, { isSettled: false });
      const late = await client.next(performative.disposition);
      assert.deepEqual([outcomeOf(late), errorIn(late).condition], [outcomes.rejected, 'com.microsoft:message-lock-lost']);
    });

    test('who asks for settled messages has them for good', async () => {
      const client = await reader(10, { sndSettleMode: 1 });
      await purged('m-1');
      bench.clock.advance(1_000);
      const { isSettled } = await batch(client);
      assert.equal(isSettled, true);
      await settled();
      bench.clock.advance(61_000);
      assert.equal(await bench.hub.cloudToDevice.feedback.receive(), undefined);
    });
  });

  describe('files that have come', () => {
    /** As the end of an upload does it. */
    async function uploaded(name: string): Promise<void> {
      const notifications = bench.hub.files.notifications as FileNotifications;
      const blobName = `dev-1/${name}`;
      const file = { deviceId: 'dev-1', blobUri: `https://files.example/uploads/${blobName}`, blobName, blobBytes: 7 };
      await inTransaction(bench.database, (transaction) =>
        notifications.record(transaction, { ...file, modifiedAt: bench.clock.now() }),
      );
      await notifications.arrived();
    }

    test('hub-service 77: each is one message with camelCase fields, which is gone when it is accepted', async () => {
      const client = await shown(amqp.policyToken('service'));
      await uploaded('early.txt');
      client.attach({ handle: 2, address: files, isSender: false });
      client.flow(2, 10);
      for (const name of ['early.txt', 'late.txt']) {
        if (name === 'late.txt') await uploaded(name);
        const { fields, payload } = await client.next(performative.transfer);
        const message = decodeMessage(payload);
        assert.deepEqual(JSON.parse(Buffer.concat(message.data).toString()), {
          deviceId: 'dev-1',
          blobUri: `https://files.example/uploads/dev-1/${name}`,
          blobName: `dev-1/${name}`,
          lastUpdatedTime: '2026-06-01T00:00:00.0000000Z',
          blobSizeInBytes: 7,
          enqueuedTimeUtc: '2026-06-01T00:00:00.0000000Z',
        });
        assert.equal(message.properties.get('contentType'), 'application/vnd.microsoft.iothub.filenotification.json');
        assert.deepEqual(message.properties.get('userId'), Buffer.from('home'));
        assert.equal((fields[2] as Buffer).length, 16);
        client.settle(Number(fields[1]), outcomes.accepted);
      }
      await settled();
      bench.clock.advance(120_000);
      await settled();
      assert.ok(!client.frames.some(({ code }) => code === performative.transfer));
    });

    test('what is released comes again, and what is rejected does not', async () => {
      const client = await shown(amqp.policyToken('service'));
      client.attach({ handle: 2, address: files, isSender: false });
      client.flow(2, 10);
      await uploaded('one.txt');
      const first = await client.next(performative.transfer);
      client.settle(Number(first.fields[1]), outcomes.released);
      const again = await client.next(performative.transfer);
      assert.deepEqual(again.payload, first.payload);
      client.settle(Number(again.fields[1]), outcomes.rejected);
      await settled();
      bench.clock.advance(61_000);
      await settled();
      assert.equal(await bench.hub.files.notifications.receive(), undefined);
      assert.ok(!client.frames.some(({ code }) => code === performative.transfer));
    });
  });
});
