import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition, latestEventPosition } from '@azure/event-hubs';
import { WebSocket } from 'ws';
import { partitionOf as partitionNumber } from '#hub/events/partition.ts';
import { type EventBench, openEventBench, type Subscription } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';

const json = { 'iothub-contenttype': 'application/json', 'iothub-contentencoding': 'utf-8' };
const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => ({ body: JSON.stringify({ n: from + n }), properties: json }));
const numbers = (subscription: Subscription, deviceId: string) =>
  (subscription.bodiesOf(deviceId) as { n: number }[]).map(({ n }) => n);
/** With the four partitions that a hub has unless told otherwise. */
const partitionOf = (deviceId: string) => String(partitionNumber(deviceId, 4));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe('@azure/event-hubs, as it comes from npm', () => {
  let bench: EventBench;
  before(async () => {
    bench = await openEventBench();
  });
  after(() => bench?.close());

  test('hub-service 79, 80: the endpoint and its partitions are described to who signs with the text of the key', async () => {
    await bench.send('counted', numbered(3));
    const client = new EventHubConsumerClient('$Default', bench.eventConnectionString, {});
    const { name: entity, partitionIds, createdOn, isGeoDrEnabled } = await client.getEventHubProperties();
    assert.deepEqual([entity, partitionIds, isGeoDrEnabled], [bench.hostName.split('.')[0], ['0', '1', '2', '3'], false]);
    assert.ok(Math.abs(createdOn.getTime() - Date.now()) < 3_600_000);
    const states = await Promise.all(partitionIds.map((id) => client.getPartitionProperties(id)));
    for (const [i, state] of states.entries()) {
      assert.deepEqual([state.partitionId, state.eventHubName, state.beginningSequenceNumber], [String(i), entity, 0]);
      assert.equal(state.isEmpty, state.lastEnqueuedSequenceNumber === -1);
      assert.equal(state.lastEnqueuedOffset === '-1', state.isEmpty);
    }
    assert.ok(states.some(({ lastEnqueuedSequenceNumber: last }) => last >= 2));
    await assert.rejects(client.getPartitionProperties('4'), { code: 'ArgumentOutOfRangeError' });
    await client.close();
  });

  test('hub-service 81: every kind of position is where it says', async () => {
    await bench.send('placed', numbered(6));
    const partition = partitionOf('placed');
    const all = bench.read({ partition });
    await eventually(() => numbers(all, 'placed').length >= 6 || undefined);
    const events = all.events.filter(({ systemProperties: p }) => p?.['iothub-connection-device-id'] === 'placed');
    const third = events[2];
    assert.ok(third);
    const { offset, sequenceNumber, enqueuedTimeUtc } = third;
    const readFrom = async (from: object) => {
      const subscription = bench.read({ partition, from });
      const got = await eventually(() =>
        numbers(subscription, 'placed').at(-1) === 5 ? numbers(subscription, 'placed') : undefined,
      );
      await subscription.close();
      return got;
    };
    assert.deepEqual(await readFrom({ offset }), [3, 4, 5]);
    assert.deepEqual(await readFrom({ offset, isInclusive: true }), [2, 3, 4, 5]);
    assert.deepEqual(await readFrom({ sequenceNumber }), [3, 4, 5]);
    assert.deepEqual(await readFrom({ sequenceNumber, isInclusive: true }), [2, 3, 4, 5]);
    assert.deepEqual(await readFrom({ sequenceNumber: 0, isInclusive: true }), [0, 1, 2, 3, 4, 5]);
    // No event begins there: the one behind it is next.
    assert.deepEqual(await readFrom({ offset: String(Number(offset) + 1) }), [3, 4, 5]);
    const after = events.filter(({ enqueuedTimeUtc: at }) => at > enqueuedTimeUtc).map(({ body }) => body.n);
    if (after.length > 0) assert.deepEqual(await readFrom({ enqueuedOn: enqueuedTimeUtc }), after);
    assert.deepEqual(await readFrom({ enqueuedOn: enqueuedTimeUtc.getTime() - 3_600_000 }), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(await readFrom(earliestEventPosition), [0, 1, 2, 3, 4, 5]);

    const latest = bench.read({ partition, from: latestEventPosition, trackLastEnqueuedEventProperties: true });
    // Until it is attached, what is sent would be before it.
    await eventually(async () => {
      await bench.send('placed', numbered(1, 6));
      return latest.events.length > 0 || undefined;
    });
    assert.deepEqual(new Set(numbers(latest, 'placed')), new Set([6]));
    await latest.close();
    await all.close();
  });

  test('hub-service 83: what one device sends stays in order in one partition', async () => {
    const subscription = bench.read();
    for (let n = 0; n < 200; n += 50) {
      await Promise.all(['ordered-1', 'ordered-2', 'ordered-3'].map((device) => bench.send(device, numbered(50, n))));
    }
    for (const device of ['ordered-1', 'ordered-2', 'ordered-3']) {
      await eventually(() => numbers(subscription, device).length >= 200 || undefined);
      assert.deepEqual(numbers(subscription, device), range(0, 200));
    }
    await subscription.close();
  });

  test('hub-service 84, 85: an event carries who sent it, how and when, its properties, and its body as JSON', async () => {
    await bench.send('described', [
      {
        body: '{"temperature":21.5}',
        properties: { ...json, 'iothub-messageid': 'm-1', 'iothub-correlationid': 'c-1', 'iothub-app-color': 'blue & grün' },
      },
    ]);
    const subscription = bench.read();
    const event = await eventually(() =>
      subscription.events.find(({ systemProperties: p }) => p?.['iothub-connection-device-id'] === 'described'),
    );
    await subscription.close();
    assert.deepEqual(event.body, { temperature: 21.5 });
    assert.deepEqual({ ...event.properties }, { color: 'blue & grün' });
    assert.deepEqual([event.messageId, event.correlationId, event.contentType], ['m-1', 'c-1', 'application/json']);
    const system = event.systemProperties ?? {};
    assert.equal(system['iothub-message-source'], 'Telemetry');
    assert.equal(system.contentEncoding, 'utf-8');
    assert.equal(system.to, '/devices/described/messages/events');
    assert.match(String(system['iothub-connection-auth-generation-id']), /^\d+$/);
    assert.deepEqual(JSON.parse(String(system['iothub-connection-auth-method'])), {
      scope: 'device',
      type: 'sas',
      issuer: 'iothub',
      acceptingIpFilterRule: null,
    });
    assert.equal(system['iothub-enqueuedtime'], event.enqueuedTimeUtc.getTime());
    assert.match(event.offset, /^\d+$/);
    const raw = event.getRawAmqpMessage();
    assert.equal(raw.bodyType, 'data');
    assert.ok(raw.messageAnnotations?.['x-opt-enqueued-time'] instanceof Date);
  });

  test('hub-service 86: who has a higher owner level takes the partition, and who has a lower one is refused', async () => {
    await bench.send('owned', numbered(1));
    const partition = '2';
    const low = bench.read({ partition, ownerLevel: 1 });
    const high = bench.read({ partition, ownerLevel: 2 });
    const codes = () => [...low.errors, ...high.errors].map(({ code }) => code);
    await eventually(() => low.errors.length > 0 || undefined);
    assert.deepEqual(new Set(codes()), new Set(['ReceiverDisconnectedError']));
    const lower = bench.read({ partition, ownerLevel: 0 });
    await eventually(() => lower.errors[0]?.code === 'ReceiverDisconnectedError' || undefined);
    const without = bench.read({ partition });
    await eventually(() => without.errors[0]?.code === 'ReceiverDisconnectedError' || undefined);
    assert.deepEqual(high.errors, []);
    for (const each of [low, lower, without, high]) await each.close();
  });

  test('six readers without an owner level are one too many, and an owner sends them all away', async () => {
    const partition = '1';
    const readers = Array.from({ length: 6 }, () => bench.read({ partition }));
    await eventually(() => readers.some(({ errors }) => errors.length > 0) || undefined);
    const refused = readers.flatMap(({ errors }) => errors.map(({ code }) => code));
    assert.deepEqual(refused, ['QuotaExceededError']);
    const owner = bench.read({ partition, ownerLevel: 1 });
    await eventually(() => readers.every(({ errors }) => errors.length > 0) || undefined);
    assert.deepEqual(owner.errors, []);
    for (const each of [...readers, owner]) await each.close();
  });

  test('hub-service 87: an unknown consumer group is not found', async () => {
    const subscription = bench.read({ group: 'nogroup', partition: '0' });
    const error = await eventually(() => subscription.errors[0]);
    assert.equal(error.code, 'MessagingEntityNotFoundError');
    await subscription.close();
  });

  test('hub-service 88: a second consumer group reads every event by itself', async () => {
    await bench.home.ok('homeport', ['hub', 'consumer-group', 'create', 'second']);
    await bench.send('twice', numbered(20));
    const first = bench.read();
    const second = bench.read({ group: 'SECOND' });
    for (const each of [first, second]) {
      await eventually(() => numbers(each, 'twice').length >= 20 || undefined);
      assert.deepEqual(numbers(each, 'twice'), range(0, 20));
      await each.close();
    }
  });

  test('hub-service 89: a reader is told how far its partition goes', async () => {
    await bench.send('tracked', numbered(5));
    const partition = partitionOf('tracked');
    const client = bench.consumer();
    let last: { sequenceNumber?: number; offset?: string; enqueuedOn?: Date; retrievedOn?: Date } | undefined;
    const subscription = client.subscribe(
      partition,
      {
        async processEvents(_events, { lastEnqueuedEventProperties }) {
          last = { ...lastEnqueuedEventProperties } as typeof last;
        },
        async processError() {},
      },
      { startPosition: earliestEventPosition, trackLastEnqueuedEventProperties: true, maxWaitTimeInSeconds: 1 },
    );
    const told = await eventually(() => (last?.sequenceNumber === undefined ? undefined : last));
    const state = await client.getPartitionProperties(partition);
    assert.equal(told.sequenceNumber, state.lastEnqueuedSequenceNumber);
    assert.equal(told.offset, state.lastEnqueuedOffset);
    assert.equal(new Date(told.enqueuedOn ?? 0).getTime(), state.lastEnqueuedOnUtc.getTime());
    assert.ok(told.retrievedOn);
    await subscription.close();
  });

  test('nobody sends events there but devices', async () => {
    const producer = new EventHubProducerClient(bench.eventConnectionString, {
      retryOptions: { maxRetries: 0 },
    });
    await assert.rejects(producer.sendBatch([{ body: 'x' }]), { code: 'UnauthorizedError' });
    await producer.close();
  });

  test('over a WebSocket, at the path of Event Hubs clients, it is the same', async () => {
    await bench.send('wrapped', numbered(600));
    const options = { webSocketOptions: { webSocket: WebSocket } };
    const client = new EventHubConsumerClient('$Default', bench.eventConnectionString, options);
    assert.equal((await client.getPartitionIds()).length, 4);
    await client.close();
    const subscription = bench.read({ webSocket: WebSocket });
    await eventually(() => numbers(subscription, 'wrapped').length >= 600 || undefined);
    assert.deepEqual(numbers(subscription, 'wrapped'), range(0, 600));
    await subscription.close();
  });
});
