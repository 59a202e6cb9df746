import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '#test/support/manual-clock.ts';
import { ExpiringMap } from './expiring-map.ts';

describe('a map that forgets', () => {
  test('gives back what is younger than its life, and nothing older', () => {
    const clock = new ManualClock();
    const map = new ExpiringMap<string, number>(clock, { lifeMs: 1_000, sizeMax: 10 });
    map.set('a', 1);
    clock.advance(999);
    assert.equal(map.get('a'), 1);
    clock.advance(1);
    assert.equal(map.get('a'), undefined);
    assert.equal(map.size, 0);
  });

  test('a set renews the life and the place in the queue', () => {
    const clock = new ManualClock();
    const map = new ExpiringMap<string, number>(clock, { lifeMs: 1_000, sizeMax: 2 });
    map.set('a', 1);
    map.set('b', 2);
    clock.advance(900);
    map.set('a', 3);
    map.set('c', 4);
    assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [3, undefined, 4]);
    clock.advance(900);
    assert.equal(map.get('a'), 3);
  });

  test('never holds more than its size, the oldest going first, and drops the expired as it goes', () => {
    const clock = new ManualClock();
    const map = new ExpiringMap<number, number>(clock, { lifeMs: 1_000, sizeMax: 100 });
    for (let i = 0; i < 1_000; i++) map.set(i, i);
    assert.equal(map.size, 100);
    assert.deepEqual([map.get(899), map.get(900)], [undefined, 900]);
    clock.advance(2_000);
    map.set(-1, -1);
    assert.equal(map.size, 1);
  });

  test('deletes', () => {
    const map = new ExpiringMap<string, number>(new ManualClock(), { lifeMs: 1_000, sizeMax: 10 });
    map.set('a', 1);
    assert.deepEqual([map.delete('a'), map.delete('a'), map.get('a')], [true, false, undefined]);
  });
});
