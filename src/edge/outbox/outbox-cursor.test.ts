import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { eventually } from '#test/support/eventually.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { CursorFile, loadCursor } from './outbox-cursor.ts';

test('a cursor that moves all the time is written five times a second, and the newest of all before it is closed', async (t) => {
  const pauses: { ms: number; end: () => void }[] = [];
  const clock: Clock = {
    ...systemClock,
    after(ms, end) {
      pauses.push({ ms, end });
      return () => {};
    },
  };
  const directory = temporaryDirectory(t);
  const file = new CursorFile({ clock, random: systemRandom, log: silentLog }, directory);
  const save = (sequence: number) => file.save({ position: 10 * sequence, sequence, dropped: 0 });
  const kept = async () => (await loadCursor(directory))?.sequence;
  const becomes = (sequence: number) => eventually(async () => ((await kept()) === sequence ? true : undefined));
  save(1);
  await becomes(1);
  const pause = await eventually(() => pauses.shift());
  assert.equal(pause.ms, 200);
  for (const sequence of [2, 3, 4]) save(sequence);
  assert.equal(await kept(), 1);
  pause.end();
  await becomes(4);
  await eventually(() => pauses.shift());
  save(5);
  await file.close();
  assert.equal(await kept(), 5);
});
