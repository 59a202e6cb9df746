import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import type { Message } from './message.ts';
import { packMessages, unpackMessages } from './packed-messages.ts';

const sources: readonly Message['source'][] = [
  'Telemetry',
  'twinChangeEvents',
  'deviceLifecycleEvents',
  'deviceConnectionStateEvents',
  'moduleLifecycleEvents',
  'digitalTwinChangeEvents',
  'deviceJobLifecycleEvents',
];

describe('messages packed for the data thread', () => {
  test('come out as they went in, whatever they name and hold', () => {
    const random = seededRandom('packed');
    const sent: Message[] = Array.from({ length: 300 }, (_, index) => {
      const bytes = random.bytes(24);
      const named = {
        creationTime: '2026-06-01T00:00:00Z',
        component: 'thermostat "1" ü',
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        operation: 'deleteDeviceIdentity',
      };
      return {
        position: 2 ** 41 + 100 * index,
        next: 2 ** 41 + 100 * (index + 1),
        source: sources[bytes.readUInt8(0) % sources.length] ?? 'Telemetry',
        deviceId: 'd'.repeat(1 + (bytes.readUInt8(1) % 128)),
        enqueuedAt: instant(1_780_000_000_000 + index),
        body: random.bytes(bytes.readUInt16LE(2) % 3_000),
        ...Object.fromEntries(Object.entries(named).filter((_, place) => bytes.readUInt8(4) & (1 << place))),
      };
    });
    assert.deepEqual(unpackMessages(packMessages(sent)), sent);
  });

  test('an empty batch is no bytes', () => {
    assert.equal(packMessages([]).length, 0);
    assert.deepEqual(unpackMessages(new Uint8Array()), []);
  });

  test('a batch that fits lies in the memory it is given, and one that does not has its own', () => {
    const one: Message = {
      position: 0,
      next: 100,
      source: 'Telemetry',
      deviceId: 'dev-1',
      enqueuedAt: instant(0),
      body: Buffer.from('{"a":1}'),
    };
    const scratch = new Uint8Array(new SharedArrayBuffer(100));
    const packed = packMessages([one], scratch);
    assert.equal(packed.buffer, scratch.buffer);
    assert.deepEqual(unpackMessages(packed), [one]);
    const larger = packMessages([one, one, one], scratch);
    assert.notEqual(larger.buffer, scratch.buffer);
    assert.deepEqual(unpackMessages(larger), [one, one, one]);
  });
});
