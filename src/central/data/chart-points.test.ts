import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chartPoints, type SeriesPart } from './chart-points.ts';

function part(times: number[], values: number[]): SeriesPart & { decodes: number } {
  const made = {
    startAt: times[0] ?? 0,
    endAt: times.at(-1) ?? 0,
    count: times.length,
    minimum: Math.min(...values),
    maximum: Math.max(...values),
    total: values.reduce((sum, value) => sum + value, 0),
    decodes: 0,
    decode() {
      made.decodes++;
      return { times, values };
    },
  };
  return made;
}

const steady = (from: number, count: number, stepMs: number, value: (i: number) => number = (i) => i) =>
  part(
    Array.from({ length: count }, (_, i) => from + i * stepMs),
    Array.from({ length: count }, (_, i) => value(i)),
  );

describe('chart points', () => {
  test('few points are given as they are, cut to the range, late ones in their place', () => {
    const points = chartPoints([steady(0, 10, 1_000)], [{ at: 4_500, value: 99 }], { from: 3_000, to: 6_000, points: 100 });
    assert.deepEqual(points, [
      [3_000, 3],
      [4_000, 4],
      [4_500, 99],
      [5_000, 5],
      [6_000, 6],
    ]);
    assert.deepEqual(chartPoints([], [], { from: 0, to: 1, points: 10 }), []);
  });

  test('many points become buckets that keep every spike', () => {
    const points = chartPoints([steady(0, 5_000, 1_000, (i) => (i === 2_345 ? 1_000 : 1))], [], {
      from: 0,
      to: 5_000_000,
      points: 50,
    });
    assert.ok(points.length >= 50 && points.length <= 52, `${points.length}`);
    assert.equal(Math.max(...points.map((point) => point[3] ?? Number(point[1]))), 1_000);
    const spike = points.find((point) => point[3] === 1_000);
    assert.equal(spike?.[2], 1);
    assert.ok(Number(spike?.[1]) > 1 && Number(spike?.[1]) < 50, 'the mean stays near the rest');
    assert.ok(
      points.every((point) => point[1] !== null),
      'a steady series has no gap',
    );
  });

  test('buckets over statistics say the same as buckets over points', () => {
    const parts = Array.from({ length: 100 }, (_, i) => steady(i * 360_000, 360, 1_000, (k) => Math.sin(i + k)));
    const range = { from: 0, to: 36_000_000, points: 20 };
    const bySteps = chartPoints(
      [
        part(
          parts.flatMap((one) => [...one.decode().times]),
          parts.flatMap((one) => [...one.decode().values]),
        ),
      ],
      [],
      range,
    );
    for (const one of parts) one.decodes = 0;
    const byStatistics = chartPoints(parts, [], range);
    assert.equal(byStatistics.length, bySteps.length);
    for (const [index, point] of byStatistics.entries()) {
      for (const [place, value] of point.entries()) {
        assert.ok(Math.abs(Number(value) - Number(bySteps[index]?.[place])) < 1e-9, `${point} ${bySteps[index]}`);
      }
    }
    const decoded = parts.filter((one) => one.decodes > 0).length;
    assert.ok(decoded <= 21, `${decoded} of 100 chunks lie over an edge`);
  });

  test('silence much longer than usual breaks the line, in points and in buckets', () => {
    const parts = [steady(0, 100, 1_000), steady(500_000, 100, 1_000)];
    const points = chartPoints(parts, [], { from: 0, to: 600_000, points: 1_000 });
    assert.deepEqual(
      points.filter((point) => point[1] === null),
      [[99_001, null]],
    );
    const buckets = chartPoints(parts, [], { from: 0, to: 600_000, points: 60 });
    assert.equal(buckets.filter((point) => point[1] === null).length, 1);
    assert.ok(
      buckets.every((point, i) => i === 0 || point[0] > (buckets[i - 1]?.[0] ?? 0)),
      'in order of time',
    );
  });

  test('chunks outside the range are not decoded', () => {
    const outside = steady(0, 10, 1_000);
    chartPoints([outside, steady(100_000, 10, 1_000)], [], { from: 50_000, to: 200_000, points: 10 });
    assert.equal(outside.decodes, 0);
  });
});
