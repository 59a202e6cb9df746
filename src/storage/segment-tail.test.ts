import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { SegmentLog } from './segment-log.ts';

const directory = '/log';

function append(log: SegmentLog, text: string): Promise<number> {
  const bytes = Buffer.from(text);
  const { promise, resolve } = Promise.withResolvers<number>();
  const position = log.append({ byteLength: bytes.length, writeTo: (target, offset) => void bytes.copy(target, offset) });
  const cancel = log.onDurable(() => {
    cancel();
    resolve(position);
  });
  return promise;
}

async function openWith(tailBytes: number) {
  const disk = new CrashDisk();
  let reads = 0;
  const counted = {
    makeDirectory: disk.makeDirectory.bind(disk),
    list: disk.list.bind(disk),
    remove: disk.remove.bind(disk),
    syncDirectory: disk.syncDirectory.bind(disk),
    open: disk.open.bind(disk),
    async create(where: string, name: string) {
      const file = await disk.create(where, name);
      const read = file.read.bind(file);
      return Object.assign(file, {
        read(bytes: Buffer, offset: number) {
          reads++;
          return read(bytes, offset);
        },
      });
    },
  };
  const log = await SegmentLog.open(testPlatform(), { directory, files: counted, tailBytes });
  const positions: number[] = [];
  for (let count = 0; count < 40; count++) positions.push(await append(log, `record ${count}`));
  return { log, positions, reads: () => reads };
}

async function readFrom(log: SegmentLog, from: number): Promise<string[]> {
  const texts: string[] = [];
  for (let at = from; ; ) {
    const records = await log.read(at, 100);
    if (records.length === 0) return texts;
    texts.push(...records.map(({ bytes }) => bytes.toString()));
    at = records.at(-1)?.next ?? at;
  }
}

const texts = (from: number) => Array.from({ length: 40 - from }, (_, index) => `record ${from + index}`);

describe('the tail of the log', () => {
  test('whoever reads along is served from memory, from any record on', async () => {
    const { log, positions, reads } = await openWith(100_000);
    for (const from of [0, 1, 20, 39]) assert.deepEqual(await readFrom(log, positions[from] ?? -1), texts(from));
    assert.equal(reads(), 0);
    await log.close();
  });

  test('what no longer fits is read from disk, and reading goes on in memory without a gap', async () => {
    const { log, reads } = await openWith(400);
    assert.deepEqual(await readFrom(log, log.start), texts(0));
    assert.ok(reads() > 0);
    await log.close();
  });

  test('a reader keeps what it got while the log goes on', async () => {
    const { log, positions } = await openWith(400);
    const [newest] = await log.read(positions[39] ?? -1, 100);
    for (let count = 0; count < 40; count++) await append(log, `other ${count}`);
    assert.equal(newest?.bytes.toString(), 'record 39');
    await log.close();
  });
});
