import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { LogRecord } from './segment-block.ts';
import { LogDamaged, segmentName } from './segment-file.ts';
import { SegmentLog, type SegmentLogOptions } from './segment-log.ts';

const directory = '/log';

function textRecord(text: string) {
  const bytes = Buffer.from(text);
  return { byteLength: bytes.length, writeTo: (target: Buffer, offset: number) => void bytes.copy(target, offset) };
}

async function openLog(files: CrashDisk, options: Partial<SegmentLogOptions> = {}, platform = testPlatform()) {
  return SegmentLog.open(platform, { directory, files, segmentBytes: 600, blockBytes: 256, tailBytes: 0, ...options });
}

/** Appends and waits until it is durable. */
async function appendDurably(log: SegmentLog, ...texts: string[]): Promise<number[]> {
  const positions: number[] = [];
  for (const text of texts) positions.push(log.append(textRecord(text)));
  await durable(log, positions.at(-1) ?? 0);
  return positions;
}

function durable(log: SegmentLog, position: number): Promise<void> {
  if (log.end > position) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = log.onDurable((last) => {
    if (last < position) return;
    cancel();
    resolve();
  });
  return promise;
}

function stateChange(log: SegmentLog): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const cancel = log.onState((state) => {
    cancel();
    resolve(state);
  });
  return promise;
}

async function readAll(log: SegmentLog, from = log.start, bytesMax = 500): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let at = from; ; ) {
    const some = await log.read(at, bytesMax);
    if (some.length === 0) return records;
    records.push(...some);
    at = some.at(-1)?.next ?? at;
  }
}

const textsOf = (records: readonly LogRecord[]) => records.map((record) => record.bytes.toString());
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `record ${from + i} ${'x'.repeat((i * 7) % 60)}`);

describe('segment log', () => {
  test('what is kept in memory for readers holds no more than its own bytes', async () => {
    const log = await openLog(new CrashDisk(), { tailBytes: 4_096 });
    await appendDurably(log, 'one', 'two');
    for (const { bytes } of await readAll(log)) assert.ok(bytes.buffer.byteLength < 256, `${bytes.buffer.byteLength} bytes`);
    await log.close();
  });

  test('gives back what was appended, across segments and a restart', async () => {
    const disk = new CrashDisk();
    const log = await openLog(disk);
    const texts = many(60);
    const positions = await appendDurably(log, ...texts);
    assert.deepEqual(textsOf(await readAll(log)), texts);
    await log.close();
    assert.equal(disk.openFiles, 0, 'close lets go of every file');

    const again = await openLog(disk);
    const records = await readAll(again);
    assert.deepEqual(textsOf(records), texts);
    assert.deepEqual(
      records.map((record) => record.position),
      positions,
    );
    assert.ok((await disk.list(directory)).length > 3, 'the texts need several segments');
    const [next] = await appendDurably(again, 'after the restart');
    assert.ok((next ?? 0) > (positions.at(-1) ?? 0), 'positions grow over the restart');
  });

  test('reads from any record and finds each by its position', async () => {
    const log = await openLog(new CrashDisk());
    const texts = many(30);
    const positions = await appendDurably(log, ...texts);
    for (const [index, position] of positions.entries()) {
      assert.equal((await log.load(position))?.bytes.toString(), texts[index]);
      assert.deepEqual(textsOf(await readAll(log, position, 1)), texts.slice(index));
    }
    assert.equal(await log.load(log.end), undefined);
    assert.deepEqual(await log.read(log.end, 1000), []);
  });

  test('takes a record larger than a block, and refuses one larger than the limit', async () => {
    const log = await openLog(new CrashDisk(), { recordBytesMax: 5_000 });
    const large = 'l'.repeat(5_000);
    const [before, position] = await appendDurably(log, 'small', large, 'behind');
    assert.deepEqual(textsOf(await readAll(log, before, 100)), ['small', large, 'behind']);
    assert.equal((await log.load(position ?? 0))?.bytes.toString(), large);
    assert.throws(() => log.append(textRecord(`${large}!`)), { code: 'payload-too-large' });
  });

  test('says durable only after the sync, and gathers behind the one in flight', async () => {
    const disk = new CrashDisk();
    const log = await openLog(disk, { blockBytes: 64 * 1024, segmentBytes: 1_000_000 });
    await appendDurably(log, 'first');
    const syncs: (() => void)[] = [];
    const { promise: syncing, resolve: reached } = Promise.withResolvers<void>();
    disk.before = (operation) => {
      if (operation !== 'sync') return;
      reached();
      return new Promise((resolve) => syncs.push(resolve));
    };
    const reports: number[] = [];
    log.onDurable((last) => reports.push(last));
    const end = log.end;
    const one = log.append(textRecord('one'));
    await syncing;
    const later = many(50).map((text) => log.append(textRecord(text)));
    for (let i = 0; i < 20; i++) await Promise.resolve();
    assert.deepEqual(reports, []);
    assert.equal(log.end, end, 'nothing unsynced can be read');
    assert.deepEqual(await log.read(end, 1000), []);

    const two = Promise.withResolvers<void>();
    disk.before = (operation) => (operation === 'sync' ? two.promise : undefined);
    syncs[0]?.();
    await durable(log, one);
    assert.deepEqual(reports, [one]);
    two.resolve();
    await durable(log, later.at(-1) ?? 0);
    assert.deepEqual(reports, [one, later.at(-1)], 'the fifty went out with one sync');
  });

  test('a listener that throws does not keep the others, or the log, from going on', async () => {
    const log = await openLog(new CrashDisk());
    const reports: number[] = [];
    log.onDurable(() => {
      throw new Error('a bug');
    });
    log.onDurable((last) => reports.push(last));
    const positions = [...(await appendDurably(log, 'one')), ...(await appendDurably(log, 'two'))];
    assert.deepEqual(reports, positions);
    await Promise.all([log.close(), log.close()]);
    assert.equal(log.state, 'closed');
  });

  test('a linger waits for company on the clock', async () => {
    const platform = testPlatform();
    const log = await openLog(new CrashDisk(), { lingerMs: 5 }, platform);
    const reports: number[] = [];
    log.onDurable((last) => reports.push(last));
    log.append(textRecord('one'));
    platform.clock.advance(4);
    const two = log.append(textRecord('two'));
    platform.clock.advance(1);
    await durable(log, two);
    assert.deepEqual(reports, [two]);
  });

  test('goes on after short writes', async () => {
    const disk = new CrashDisk();
    disk.writeBytesMax = 37;
    const log = await openLog(disk);
    const texts = many(40);
    await appendDurably(log, ...texts);
    assert.deepEqual(textsOf(await readAll(await openLog(disk.crash('nothing')))), texts);
  });

  test('a full disk refuses with storage-full, loses nothing and recovers by itself', async () => {
    const disk = new CrashDisk();
    const platform = testPlatform();
    const log = await openLog(disk, {}, platform);
    const before = many(20);
    await appendDurably(log, ...before);
    const full = stateChange(log);
    disk.room = 90;
    const waiting = many(12, 100);
    let last = 0;
    for (const text of waiting) last = log.append(textRecord(text));
    assert.equal(await full, 'full');
    assert.throws(() => log.append(textRecord('no')), { code: 'storage-full' });
    assert.deepEqual(textsOf(await readAll(await openLog(disk.crash('everything')))).slice(0, 20), before);
    assert.deepEqual(textsOf(await readAll(log)), before, 'what was acknowledged can still be read');

    const stillFull = disk.operations;
    platform.clock.advance(1_000);
    while (disk.operations === stillFull) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(log.state, 'full');
    disk.room = Number.POSITIVE_INFINITY;
    const recovered = stateChange(log);
    for (let i = 0; i < 50; i++) await Promise.resolve();
    platform.clock.advance(1_000);
    assert.equal(await recovered, 'ok');
    await durable(log, last);
    await appendDurably(log, 'room again');
    assert.deepEqual(textsOf(await readAll(log)), [...before, ...waiting, 'room again']);
    assert.deepEqual(textsOf(await readAll(await openLog(disk.crash('nothing')))), [...before, ...waiting, 'room again']);
  });

  test('a disk that is full when a segment is due makes it when there is room', async () => {
    const disk = new CrashDisk();
    const platform = testPlatform();
    const log = await openLog(disk, { segmentBytes: 1 }, platform);
    await appendDurably(log, 'one');
    disk.room = 10;
    const full = stateChange(log);
    const last = log.append(textRecord('two'));
    assert.equal(await full, 'full');
    disk.room = Number.POSITIVE_INFINITY;
    await new Promise((resolve) => setImmediate(resolve));
    platform.clock.advance(1_000);
    await durable(log, last);
    assert.deepEqual(textsOf(await readAll(await openLog(disk.crash('nothing')))), ['one', 'two']);
  });

  for (const code of ['EIO', 'ENOSPC']) {
    test(`after a sync that failed with ${code} nothing is ever said to be durable until the log is opened anew`, async () => {
      const disk = new CrashDisk();
      const platform = testPlatform();
      const log = await openLog(disk, {}, platform);
      await appendDurably(log, 'safe');
      const failed = stateChange(log);
      let failures = 0;
      disk.before = (operation) => {
        if (operation === 'sync' && failures++ === 0) throw Object.assign(new Error(code), { code });
      };
      const reports: number[] = [];
      log.onDurable((last) => reports.push(last));
      log.append(textRecord('lost'));
      assert.equal(await failed, 'failed');
      assert.throws(() => log.append(textRecord('no')), { code: 'unavailable' });
      platform.clock.advance(60_000);
      await log.close();
      assert.deepEqual(reports, []);
      assert.equal(failures, 1, 'no second sync pretends that the first worked');
      const again = await openLog(disk.crash('nothing'));
      assert.deepEqual(textsOf(await readAll(again)), ['safe']);
      await appendDurably(again, 'goes on');
    });
  }

  test('bytes left by a failed sync are written anew before the next start lets them be read', async () => {
    const disk = new CrashDisk();
    const log = await openLog(disk);
    await appendDurably(log, 'safe');
    disk.before = (operation) => {
      if (operation === 'sync') throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const failed = stateChange(log);
    log.append(textRecord('in the page cache only'));
    await failed;
    disk.before = () => {};
    const writes = disk.operations;
    const again = await openLog(disk);
    assert.deepEqual(textsOf(await readAll(again)), ['safe', 'in the page cache only']);
    assert.ok(disk.operations > writes + 1, 'a write and a sync happened');
    assert.deepEqual(textsOf(await readAll(await openLog(disk.crash('nothing')))), ['safe', 'in the page cache only']);
  });

  test('refuses appends while too much waits for the disk', async () => {
    const disk = new CrashDisk();
    const log = await openLog(disk, { pendingBytesMax: 1_000 });
    const held = Promise.withResolvers<void>();
    disk.before = (operation) => (operation === 'sync' ? held.promise : undefined);
    const text = textRecord('y'.repeat(100));
    let taken = 0;
    assert.throws(
      () => {
        for (;;) {
          log.append(text);
          taken++;
        }
      },
      { code: 'unavailable' },
    );
    assert.ok(taken >= 5 && taken < 10);
    held.resolve();
    await appendDurably(log).catch(() => undefined);
    await log.close();
    assert.equal((await readAll(await openLog(disk))).length, taken, 'what was taken is written');
  });

  test('keeps no more bytes and no older records than the policy says, in whole segments', async () => {
    const disk = new CrashDisk();
    const platform = testPlatform();
    const options = { retention: { bytesMax: 2_000, ageMsMax: 3_600_000 } };
    const log = await openLog(disk, options, platform);
    const texts = many(200);
    for (const text of texts) await appendDurably(log, text);
    await log.retain();
    assert.ok(log.end - log.start <= 2_000 && log.end - log.start > 1_000);
    const kept = textsOf(await readAll(log, 0));
    assert.deepEqual(kept, texts.slice(-kept.length));

    platform.clock.advance(3_700_000);
    await appendDurably(log, ...many(30, 900));
    platform.clock.advance(120_000);
    await log.retain();
    assert.ok(!textsOf(await readAll(log)).includes(kept[0] ?? ''), 'the old ones are gone');
    assert.equal(await log.load(0), undefined);
    assert.deepEqual(textsOf(await readAll(await openLog(disk, options))), textsOf(await readAll(log)));
  });

  test('starts a segment when the last is old, so that retention by age can take it', async () => {
    const platform = testPlatform();
    const disk = new CrashDisk();
    const log = await openLog(disk, { segmentMs: 1_000, segmentBytes: 1_000_000 }, platform);
    await appendDurably(log, 'old');
    platform.clock.advance(1_000);
    await appendDurably(log, 'new');
    assert.equal((await disk.list(directory)).length, 2);
  });

  test('a preamble and the newest segment rebuild what the owner knows', async () => {
    const disk = new CrashDisk();
    let count = 0;
    const log = await openLog(disk, { preamble: () => Buffer.from(String(count)) });
    for (const text of many(50)) {
      await appendDurably(log, text);
      count++;
    }
    let rebuilt = 0;
    let read = 0;
    await openLog(disk.crash('nothing'), {
      visitor: { preamble: (bytes) => (rebuilt = Number(bytes)), record: () => void read++ },
    });
    assert.equal(rebuilt + read, 50);
    assert.ok(read < 50, 'older segments are not read');
  });
});

describe('segment log on a disk that changes what was written', () => {
  async function damaged(change: (bytes: Buffer) => void, segmentIndex = 0) {
    const disk = new CrashDisk();
    const log = await openLog(disk, { segmentBytes: 2_000 });
    const texts = many(90);
    for (const text of texts) await appendDurably(log, text);
    await log.close();
    const names = (await disk.list(directory)).sort();
    disk.damage(directory, names.at(segmentIndex) ?? '', change);
    return { disk, texts, names };
  }

  async function readAround(log: SegmentLog) {
    const texts: string[] = [];
    const damages: { from: number; to: number }[] = [];
    for (let at = log.start; at < log.end; ) {
      try {
        const records = await log.read(at, 500);
        texts.push(...textsOf(records));
        at = records.at(-1)?.next ?? log.end;
      } catch (error) {
        assert.ok(error instanceof LogDamaged);
        damages.push(error.damage);
        at = error.damage.to;
      }
    }
    return { texts, damages };
  }

  test('a flipped bit in an older segment is reported when it is read, and the rest is still there', async () => {
    const { disk, texts } = await damaged((bytes) => bytes.writeUInt8(bytes.readUInt8(1_300) ^ 1, 1_300));
    const read = await readAround(await openLog(disk));
    assert.equal(read.damages.length, 1);
    assert.equal(read.texts.length, texts.length - 1);
    assert.ok(read.texts.every((text) => texts.includes(text)));
  });

  test('a damaged middle of the newest segment is reported at the start and never cut off', async () => {
    const { disk, texts } = await damaged((bytes) => bytes.fill(0, 1_100, 1_110), -1);
    const log = await openLog(disk);
    assert.equal(log.damages.length, 1);
    const read = await readAround(log);
    assert.deepEqual(read.damages, log.damages);
    assert.equal(read.texts.length, texts.length - 1);
    await appendDurably(log, 'goes on');
    assert.equal((await readAround(log)).texts.at(-1), 'goes on');
  });

  test('a lost header or a lost file is a reported hole, also when it is the newest', async () => {
    for (const index of [1, -1]) {
      const { disk, texts, names } = await damaged((bytes) => bytes.fill(0, 0, 8), index);
      const log = await openLog(disk);
      assert.equal(log.damages.length, 1, `segment ${index}`);
      const read = await readAround(log);
      assert.deepEqual(read.damages, log.damages);
      assert.ok(read.texts.length < texts.length);
      await appendDurably(log, 'goes on');
      assert.equal((await readAround(log)).texts.at(-1), 'goes on');
      assert.ok((await disk.list(directory)).includes(names.at(index) ?? ''), 'the damaged file is kept for whoever can read it');
      await log.close();
      assert.equal((await readAround(await openLog(disk))).texts.at(-1), 'goes on');
    }
    const { disk, names } = await damaged(() => {});
    await disk.remove(directory, names[1] ?? '');
    assert.equal((await openLog(disk)).damages.length, 1);
  });

  test('a record that looks like a block does not fool recovery', async () => {
    const disk = new CrashDisk();
    const log = await openLog(disk);
    await appendDurably(log, 'one');
    const forged = Buffer.alloc(64);
    const [, , segment] = [0, 0, await disk.open(directory, segmentName(0))];
    await segment.read(forged, 1024);
    forged.writeUInt32LE(log.end + 40 + 8, 16);
    log.append({ byteLength: 64, writeTo: (target, offset) => void forged.copy(target, offset) });
    await log.close();
    const again = await openLog(disk);
    assert.equal((await readAll(again)).length, 2);
    assert.deepEqual(again.damages, []);
  });
});
