import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayMs, hourMs, instant, minuteMs, plus } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { KnownTime } from './known-time.ts';

const june = instant(Date.UTC(2026, 5, 1));
const later = plus(june, 90 * dayMs);

async function open(directory: string, start: number = june) {
  const clock = new ManualClock(start);
  return { clock, time: await KnownTime.open({ clock, random: seededRandom(1), log: silentLog }, directory) };
}

test('a clock that is right is believed, and what a connection bore out is kept for one that is not', async (t) => {
  const directory = temporaryDirectory(t);
  const { clock, time } = await open(directory);
  assert.deepEqual([time.isKnown, time.judgedBy()], [true, { kind: 'system' }]);
  await time.proven(later);
  clock.advance(hourMs);
  await time.keep();
  const lost = await open(directory, 0);
  assert.equal(lost.time.isKnown, false);
  assert.deepEqual(lost.time.judgedBy(), { kind: 'since', instant: plus(june, hourMs) });
  assert.equal(lost.time.now(), plus(june, hourMs));
});

test('while it runs, the time is kept each hour', async (t) => {
  const directory = temporaryDirectory(t);
  const { clock, time } = await open(directory);
  await time.proven(later);
  time.start();
  clock.advance(5 * hourMs + minuteMs);
  await time.keep();
  await time.stop();
  assert.ok((await open(directory, 0)).time.now() >= plus(june, 5 * hourMs));
});

test('a device that was never there believes no clock from before this program was written', async (t) => {
  const { time } = await open(temporaryDirectory(t), 0);
  assert.equal(time.isKnown, false);
  assert.equal(time.now(), Date.UTC(2026, 0, 1));
});

test('what no certificate bears out is not kept, and a clock that ran ahead is kept no further than the certificate lasts', async (t) => {
  const directory = temporaryDirectory(t);
  const unproven = await open(directory);
  await unproven.time.keep();
  assert.equal(existsSync(join(directory, 'known-time')), false);
  const ahead = await open(directory, Date.UTC(2040, 0, 1));
  await ahead.time.proven(later);
  assert.equal((await open(directory, 0)).time.now(), later);
});

test('what a server says counts from then on, goes on, and never goes back behind what is known', async (t) => {
  const directory = temporaryDirectory(t);
  const { clock, time } = await open(directory, 0);
  await time.tell(june, later);
  assert.equal(time.isKnown, true);
  clock.advance(minuteMs);
  assert.equal(time.now(), plus(june, minuteMs));
  assert.deepEqual(time.judgedBy(), { kind: 'at', instant: plus(june, minuteMs) });
  await time.tell(plus(june, -30 * dayMs), later);
  assert.ok(time.now() >= june);
  await time.tell(plus(later, dayMs), later);
  assert.ok(time.now() < later, 'a server cannot say what is beyond the end of its own certificate');
  // NTP came: the clock is believed again.
  clock.setWallClock(plus(june, 2 * dayMs));
  assert.equal(time.now(), plus(june, 2 * dayMs));
  assert.deepEqual(time.judgedBy(), { kind: 'system' });
});

test('a clock that runs a little behind is not a clock that was lost', async (t) => {
  const directory = temporaryDirectory(t);
  await (await open(directory)).time.proven(later);
  assert.equal((await open(directory, june - hourMs)).time.isKnown, true);
  assert.equal((await open(directory, june - 2 * dayMs)).time.isKnown, false);
});

test('a file that is none, and a directory that cannot be written, do no harm', async (t) => {
  const directory = temporaryDirectory(t);
  for (const content of ['', 'x', '{"at":"now"}', '{"at":1}', '[]', 'y'.repeat(2_000)]) {
    writeFileSync(join(directory, 'known-time'), content);
    assert.equal((await open(directory, 0)).time.now(), Date.UTC(2026, 0, 1), content.slice(0, 20));
  }
  const { time } = await open(join(directory, 'nowhere'));
  await time.proven(later);
  assert.equal(time.isKnown, true);
});
