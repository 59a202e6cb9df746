import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#base/instant.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { announceParts, partsAtOnce } from './announce-parts.ts';
import type { JobTarget } from './job.ts';

const ended = { jobId: 'writes', status: 'canceled', endedAt: instant(5) } as const;

/** Parts in memory, read without a turn of the event loop as SQLite does, and a disk that is let go by hand. */
function rooms(count: number) {
  const all: JobTarget[] = Array.from({ length: count }, (_, at) => ({
    job: { jobId: ended.jobId, type: 'scheduleUpdateTwin' },
    identity: `d${String(at).padStart(6, '0')}`,
    status: 'canceled',
    createdAt: instant(1),
    endedAt: ended.endedAt,
    updatedAt: ended.endedAt,
  }));
  const state = { isStopped: false, told: [] as string[], waiting: [] as (() => void)[], isHeld: false };
  const parts = announceParts({
    log: testPlatform().log,
    events: {
      isWanted: () => true,
      record(_source, identity, _operation, _body, done) {
        state.told.push(identity);
        if (!done) return;
        if (state.isHeld) state.waiting.push(done);
        else done();
      },
    },
    targets: {
      load: async () => undefined,
      listEnded: async (_ended, after = '', limit) => all.filter(({ identity }) => identity > after).slice(0, limit),
    },
    nameError: () => 'ArgumentInvalid',
    isStopped: () => state.isStopped,
  });
  return { parts, state, all };
}

test('the parts of a large job are told of all, and everything else has its turn meanwhile', async () => {
  const { parts, state, all } = rooms(2 * partsAtOnce + 1);
  parts.all(ended);
  await new Promise(setImmediate);
  assert.ok(state.told.length < all.length, `${state.told.length} of ${all.length} before the first turn`);
  await parts.idle();
  assert.deepEqual(
    state.told,
    all.map(({ identity }) => identity),
  );
});

test('no more parts wait for the disk than are read at once, and those of a hub that stopped are left', async () => {
  const { parts, state } = rooms(3 * partsAtOnce);
  state.isHeld = true;
  parts.all(ended);
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate);
  assert.equal(state.told.length, partsAtOnce);
  state.isStopped = true;
  for (const done of state.waiting) done();
  await parts.idle();
  assert.equal(state.told.length, partsAtOnce);
});
