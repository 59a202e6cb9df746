import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from '#base/health.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { SegmentLog } from './segment-log.ts';

const byte = { byteLength: 1, writeTo: (target: Buffer, offset: number) => void target.writeUInt8(1, offset) };

async function openWatched() {
  const platform = { ...testPlatform(), health: new Health() };
  const files = new CrashDisk();
  const log = await SegmentLog.open(platform, { directory: '/log', files });
  const becomes = (state: string) => new Promise<void>((resolve) => log.onState((now) => now === state && resolve()));
  return { ...platform, files, log, becomes };
}

test('a log on a full disk is a failure with its folder, and none any more when there is room', async () => {
  const { health, clock, files, log, becomes } = await openWatched();
  assert.equal((await health.report()).state, 'ok');
  files.room = 0;
  const full = becomes('full');
  log.append(byte);
  await full;
  const { state, concerns } = await health.report();
  assert.equal(state, 'failed');
  assert.equal(concerns[0]?.says, 'The log in /log takes nothing: its disk is full.');
  files.room = Number.MAX_SAFE_INTEGER;
  const well = becomes('ok');
  clock.advance(1_000);
  await well;
  assert.equal((await health.report()).state, 'ok');
  await log.close();
});

test('a log whose disk failed stays a failure, and one that was closed is nobody’s concern', async () => {
  const { health, files, log, becomes } = await openWatched();
  files.before = (operation) => {
    if (operation === 'sync') throw new Error('EIO');
  };
  const failed = becomes('failed');
  log.append(byte);
  await failed;
  assert.equal((await health.report()).concerns[0]?.says, 'The log in /log takes nothing: its disk failed.');
  await log.close();
  assert.equal((await health.report()).state, 'ok');
});
