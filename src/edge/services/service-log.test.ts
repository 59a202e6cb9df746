import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { openServiceLog, readLogTail } from './service-log.ts';

test('a service’s log is of two files at most, each hardly larger than its limit', async (t) => {
  const path = join(temporaryDirectory(t), 'log', 'service.log');
  const log = await openServiceLog(path, 100);
  for (let n = 0; n < 50; n++) log.write(`${n} ${'x'.repeat(20)}\n`);
  const [older, newer] = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')];
  assert.ok(older.length < 150 && newer.length < 150);
  assert.match(newer, /49 x+\n$/);
  // Opened again, it is written on.
  (await openServiceLog(path, 1_000)).write('again\n');
  assert.equal(await readLogTail(path), `${newer}again\n`);
});

test('the tail begins where asked, or at the beginning of a file that was begun anew', async (t) => {
  const path = join(temporaryDirectory(t), 'service.log');
  assert.equal(await readLogTail(path), '');
  writeFileSync(path, 'before\nafter\n');
  assert.equal(await readLogTail(path, 7), 'after\n');
  assert.equal(await readLogTail(path, 500), 'before\nafter\n');
  writeFileSync(path, 'x'.repeat(200_000));
  assert.equal((await readLogTail(path)).length, 64 * 1024);
});
