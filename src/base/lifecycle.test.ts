import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import { Lifecycle } from './lifecycle.ts';

function open() {
  const platform = testPlatform();
  const said: string[] = [];
  const log = {
    ...platform.log,
    warn: (event: string) => void said.push(event),
    error: (event: string) => void said.push(event),
  };
  const steps: string[] = [];
  const part = (name: string) => ({
    name,
    start: async () => void steps.push(`+${name}`),
    stop: async () => void steps.push(`-${name}`),
  });
  return { clock: platform.clock, lifecycle: new Lifecycle({ ...platform, log }), said, steps, part };
}

describe('a lifecycle', () => {
  test('stops in reverse what it started, once', async () => {
    const { lifecycle, steps, part } = open();
    for (const name of ['a', 'b', 'c']) await lifecycle.start(part(name));
    await lifecycle.stop();
    await lifecycle.stop();
    assert.deepEqual(steps, ['+a', '+b', '+c', '-c', '-b', '-a']);
  });

  test('a part that does not start takes down what ran before, and the failure is passed on', async () => {
    const { lifecycle, steps, part } = open();
    await lifecycle.start(part('a'));
    const broken = { ...part('b'), start: () => Promise.reject(new Error('no port')) };
    await assert.rejects(lifecycle.start(broken), /no port/);
    assert.deepEqual(steps, ['+a', '-a'], 'what never started is not stopped');
  });

  test('a part that fails to stop, or does not stop in time, does not keep the others from it', async () => {
    const { clock, lifecycle, steps, said, part } = open();
    await lifecycle.start(part('a'));
    await lifecycle.start({ name: 'broken', stop: () => Promise.reject(new Error('oh')) });
    await lifecycle.start({ name: 'hanging', stop: () => new Promise(() => {}) });
    await lifecycle.start({ name: 'nothing to do' });
    const stopped = lifecycle.stop(1_000);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    clock.advance(1_000);
    await stopped;
    assert.deepEqual(steps, ['+a', '-a']);
    assert.deepEqual(said, ['part.abandoned', 'part.failed']);
  });
});
