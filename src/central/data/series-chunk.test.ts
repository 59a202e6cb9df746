import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { decodeChunk, encodeChunk } from './series-chunk.ts';
import { decodePositions, encodePositions, VarintReader, VarintWriter } from './varint.ts';

const start = Date.UTC(2026, 5, 1);

function roundTrip(times: number[], values: number[]): number {
  const bytes = encodeChunk(times, values);
  const decoded = decodeChunk(bytes);
  assert.deepEqual(decoded.times, times);
  assert.equal(decoded.values.length, values.length);
  for (const [index, value] of values.entries()) assert.ok(Object.is(decoded.values[index], value), `${value}`);
  return bytes.length;
}

describe('series chunk', () => {
  test('a steady sensor with two decimals costs about three bytes a point', () => {
    const random = seededRandom(3);
    const times = Array.from({ length: 360 }, (_, i) => start + i * 5_000);
    let value = 20;
    const values = times.map(() => {
      value += (random.fraction() - 0.5) * 0.4;
      return Number(value.toFixed(2));
    });
    const bytes = roundTrip(times, values);
    assert.ok(bytes / 360 < 3.2, `${bytes / 360} bytes a point`);
  });

  test('every kind of number comes back as it went in', () => {
    const kinds: number[][] = [
      [],
      [0],
      [-0, 0, 1],
      [1, 0, 1, 0],
      [50, 49.700000762939453, 0.10000000149011612],
      [Math.PI, -Math.E, 1e-300, 1e300],
      [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
      [2 ** 50, -(2 ** 50), 0],
      [0.1, 0.2, 0.30000000000000004],
      [1.005, 1.015, 1e-7],
      [Number.MAX_VALUE, Number.MIN_VALUE],
      [-40.5, 85.125, 3],
    ];
    for (const values of kinds) {
      roundTrip(
        values.map((_, i) => start + i * 1_000),
        values,
      );
    }
  });

  test('uneven times, equal times and times before 1970 come back', () => {
    roundTrip([start, start, start + 1, start + 86_400_000, start + 86_400_001], [1, 2, 3, 4, 5]);
    roundTrip([-5_000, 0, 2 ** 44], [1, 2, 3]);
    const random = seededRandom(9);
    let at = start;
    const times = Array.from({ length: 360 }, () => (at += Math.floor(random.fraction() ** 4 * 1e9)));
    roundTrip(
      times,
      times.map(() => random.fraction() * 1e6),
    );
  });

  test('bytes that are no chunk are refused, never read for long', () => {
    for (const bytes of [
      [],
      [0],
      [0, 2],
      [7, 0, 1, 0, 0],
      [0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255],
      [2, 0, 5, 1, 1, 1, 1, 1],
    ]) {
      assert.throws(() => decodeChunk(Uint8Array.from(bytes)), RangeError, `${bytes}`);
    }
    const good = encodeChunk([start, start + 1, start + 2], [1.5, 2.5, Math.PI]);
    for (let length = 0; length < good.length; length++) {
      assert.throws(() => decodeChunk(good.subarray(0, length)), RangeError);
    }
  });
});

describe('varint', () => {
  test('numbers of every size come back', () => {
    const values = [0, 1, -1, 63, 64, -64, -65, 127, 128, 2 ** 31, -(2 ** 31), 2 ** 40 + 3, -(2 ** 51), 2 ** 52 - 1];
    const writer = new VarintWriter(1);
    for (const value of values) writer.signed(value);
    const reader = new VarintReader(writer.finish());
    assert.deepEqual(
      values.map(() => reader.signed()),
      values,
    );
    assert.throws(() => reader.signed(), RangeError);
  });

  test('positions come back in their order', () => {
    const positions = [32, 300, 1_000_000, 5_000_000_000_000];
    assert.deepEqual(decodePositions(encodePositions(positions), positions.length), positions);
  });
});
