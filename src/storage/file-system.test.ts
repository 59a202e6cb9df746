import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCode, isOutOfSpace, nodeFileSystem, type OpenFile, writeFully } from './file-system.ts';

test('files on the real disk do what the log asks of them, for their owner only', async () => {
  const root = await mkdtemp(join(tmpdir(), 'homeport-files-'));
  try {
    const directory = join(root, 'a', 'b');
    await nodeFileSystem.makeDirectory(directory);
    await nodeFileSystem.makeDirectory(directory);
    const file = await nodeFileSystem.create(directory, 'x');
    await writeFully(file, [Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')], 3);
    await file.sync();
    await nodeFileSystem.syncDirectory(directory);
    assert.equal(await file.size(), 14);
    await file.truncate(8);
    const target = Buffer.alloc(20);
    assert.equal(await file.read(target, 3), 5);
    assert.equal(target.toString('utf8', 0, 5), 'hello');
    await file.close();
    assert.equal((await stat(join(directory, 'x'))).mode & 0o777, 0o600);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    await assert.rejects(nodeFileSystem.create(directory, 'x'), { code: 'EEXIST' });
    await assert.rejects(nodeFileSystem.open(directory, 'y'), { code: 'ENOENT' });
    assert.deepEqual(await nodeFileSystem.list(directory), ['x']);
    await nodeFileSystem.remove(directory, 'x');
    assert.deepEqual(await nodeFileSystem.list(directory), []);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test('a write that is taken in pieces is finished, over more buffers than one call takes', async () => {
  const written: Buffer[] = [];
  const file: Pick<OpenFile, 'write'> = {
    async write(buffers, position) {
      assert.ok(buffers.length <= 1024);
      assert.equal(position, 10 + Buffer.concat(written).length);
      const some = Buffer.concat(buffers).subarray(0, 700);
      written.push(some);
      return some.length;
    },
  };
  const buffers = Array.from({ length: 3_000 }, (_, i) => Buffer.from(String(i)));
  await writeFully(file as OpenFile, buffers, 10);
  assert.deepEqual(Buffer.concat(written), Buffer.concat(buffers));
  await assert.rejects(writeFully({ write: async () => 0 } as unknown as OpenFile, buffers, 0), /took no bytes/);
});

test('only a lack of room counts as one', () => {
  assert.ok(isOutOfSpace(Object.assign(new Error(), { code: 'ENOSPC' })));
  assert.ok(isOutOfSpace(Object.assign(new Error(), { code: 'EDQUOT' })));
  for (const error of [
    new Error('ENOSPC'),
    { code: 28 },
    null,
    'ENOSPC',
    undefined,
    Object.assign(new Error(), { code: 'EIO' }),
  ]) {
    assert.ok(!isOutOfSpace(error));
  }
  assert.equal(errorCode({ code: 5 }), undefined);
});
