import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { AcknowledgementQueue } from './acknowledgement-queue.ts';
import { PacketWriter } from './encode.ts';
import { PacketIds } from './packet-ids.ts';

function idsIn(output: Buffer | undefined): number[] {
  const ids: number[] = [];
  for (let at = 0; output && at < output.length; at += 4) ids.push(output.readUInt16BE(at + 2));
  return ids;
}

test('hub 44: whatever the order of acknowledgements, PUBACKs leave in the order of arrival', () => {
  const random = seededRandom('acknowledgements');
  for (let round = 0; round < 50; round++) {
    const queue = new AcknowledgementQueue();
    const writer = new PacketWriter();
    const arrived: number[] = [];
    const owed: number[] = [];
    for (let step = 0; step < 200; step++) {
      if (random.fraction() < 0.5) {
        const id = 1 + Math.floor(random.fraction() * 65_535);
        queue.add(id);
        arrived.push(id);
        owed.push(id);
      } else if (owed.length > 0) {
        const [id = 0] = owed.splice(Math.floor(random.fraction() * owed.length), 1);
        queue.acknowledge(id, writer);
      }
    }
    const sent = idsIn(writer.take());
    assert.deepEqual(sent, arrived.slice(0, sent.length));
    assert.equal(queue.size, arrived.length - sent.length);
    for (const id of owed) queue.acknowledge(id, writer);
    assert.deepEqual([...sent, ...idsIn(writer.take())], arrived);
    assert.equal(queue.size, 0);
  }
});

test('a packet id that arrives again before its PUBACK is owed two', () => {
  const queue = new AcknowledgementQueue();
  const writer = new PacketWriter();
  for (const id of [1, 2, 1]) queue.add(id);
  queue.acknowledge(2, writer);
  queue.acknowledge(1, writer);
  assert.deepEqual(idsIn(writer.take()), [1, 2]);
  queue.acknowledge(1, writer);
  assert.deepEqual(idsIn(writer.take()), [1]);
});

test('acknowledging what is not owed is a bug that does not go unseen', () => {
  const queue = new AcknowledgementQueue();
  const writer = new PacketWriter();
  assert.throws(() => queue.acknowledge(1, writer), /without being owed/);
  queue.add(1);
  queue.add(2);
  queue.acknowledge(2, writer);
  assert.throws(() => queue.acknowledge(2, writer), /without being owed/);
});

// A search from the front takes hundreds of millions of steps in each of these; a look per message takes none worth counting.
for (const [what, order] of [
  ['behind a slow one', (count: number) => [...range(2, count), 1]],
  [
    'in two streams',
    (count: number) => range(1, count / 2).flatMap((id) => (id === count / 2 ? [count, id] : [count / 2 + id, id])),
  ],
] as const) {
  test(`tens of thousands of messages ${what} cost no more than a look each`, () => {
    const queue = new AcknowledgementQueue();
    const writer = new PacketWriter();
    const count = 60_000;
    for (let id = 1; id <= count; id++) queue.add(id);
    const ids = order(count);
    const start = process.cpuUsage();
    for (const id of ids) queue.acknowledge(id, writer);
    const { user, system } = process.cpuUsage(start);
    assert.deepEqual(idsIn(writer.take()), range(1, count));
    assert.ok(user + system < 300_000, `${user + system} µs of CPU`);
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

test('MQTT-2.3.1-2: a packet id in flight is not used again, and 0 never', () => {
  const ids = new PacketIds();
  assert.equal(ids.take(), 1);
  assert.equal(ids.take(), 2);
  assert.equal(ids.release(2), true);
  assert.equal(ids.release(2), false);
  for (let expected = 3; expected <= 65_535; expected++) {
    assert.equal(ids.take(), expected);
    assert.ok(ids.release(expected));
  }
  assert.equal(ids.take(), 2);
  assert.equal(ids.size, 2);
});
