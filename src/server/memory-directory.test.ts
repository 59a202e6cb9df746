import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { isInMemory, makeMemoryDirectory } from './memory-directory.ts';

test('a directory in memory is its owner’s alone, and gone when it is removed', async () => {
  const { directory, remove } = makeMemoryDirectory();
  assert.ok(isInMemory(directory));
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  await remove();
  assert.equal(existsSync(directory), false);
});

test('where there is no such file system that is said, with what else can be done', () => {
  assert.equal(isInMemory('/proc'), false);
  assert.equal(isInMemory('/nowhere'), false);
  assert.throws(() => makeMemoryDirectory('/proc'), /no file system in memory/);
});
