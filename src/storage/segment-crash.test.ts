import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { LogRecord } from './segment-block.ts';
import { SegmentLog } from './segment-log.ts';

/**
 * Goal: whatever moment the power goes, nothing that was reported durable is lost, changed or out of
 * order, and the log starts again.
 * Method: a small log that rolls over and deletes segments runs on a disk that counts operations. It
 * is run once for each operation, the power going before that one; then the disk is opened as a crash
 * left it (nothing unsynced, everything, or a random half of all pages and names), compared with
 * what was reported, written to, and crashed again.
 */
const directory = '/log';
const bytesMax = 1_500;
const recordCount = 70;

function openOn(disk: CrashDisk) {
  return SegmentLog.open(testPlatform(), {
    directory,
    files: disk,
    segmentBytes: 400,
    blockBytes: 200,
    retention: { bytesMax },
  });
}

type Acknowledged = { position: number; text: string };
type Life = { acknowledged: Acknowledged[]; appended: Acknowledged[]; isOpen: boolean };

/** Appends in bursts of one to four until done or the power goes; answers what was reported durable. */
async function run(disk: CrashDisk, name: string): Promise<Life> {
  const acknowledged: Acknowledged[] = [];
  const appended: Acknowledged[] = [];
  let isOpen = false;
  try {
    const log = await openOn(disk);
    isOpen = true;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    let reported = 0;
    let burst = 1;
    const more = () => {
      for (let i = 0; i < burst && appended.length < recordCount; i++) {
        const text = `${name} ${appended.length} ${'z'.repeat((appended.length * 13) % 90)}`;
        const bytes = Buffer.from(text);
        const position = log.append({ byteLength: bytes.length, writeTo: (target, offset) => void bytes.copy(target, offset) });
        appended.push({ position, text });
      }
      burst = (burst % 4) + 1;
    };
    log.onDurable((last) => {
      for (const entry of appended.slice(reported)) if (entry.position <= last) acknowledged.push(entry);
      reported = acknowledged.length;
      if (reported === recordCount) resolve();
      else if (log.state === 'ok') more();
    });
    log.onState(() => resolve());
    more();
    await ended;
    await log.retain();
    await log.close();
  } catch {
    // The power went while opening, retaining or closing.
  }
  return { acknowledged, appended, isOpen };
}

async function readAll(log: SegmentLog): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (let at = log.start; at < log.end; ) {
    const some = await log.read(at, 300);
    records.push(...some);
    at = some.at(-1)?.next ?? log.end;
  }
  return records;
}

/** Opens what a crash left; everything acknowledged and not yet due for deletion must be there, in order. */
async function check(disk: CrashDisk, { acknowledged, appended }: Omit<Life, 'isOpen'>, where: string) {
  const log = await openOn(disk);
  assert.deepEqual(log.damages, [], `${where}: no damage`);
  const records = (await readAll(log)).map((record) => ({ position: record.position, text: record.bytes.toString() }));
  const expected = appended.filter((entry) => entry.position >= log.start).slice(0, records.length);
  assert.deepEqual(records, expected, `${where}: a run of what was appended, without a gap`);
  const kept = acknowledged.filter((entry) => entry.position >= log.start);
  assert.ok(records.length >= kept.length, `${where}: ${kept.length} acknowledged, ${records.length} there`);
  const lastAcknowledged = acknowledged.at(-1)?.position ?? -1;
  assert.ok(log.end > lastAcknowledged || lastAcknowledged < 0, `${where}: the log reaches the last acknowledged record`);
  const deleted = acknowledged.filter((entry) => entry.position < log.start);
  assert.ok(deleted.length === 0 || log.end - log.start > bytesMax - 900, `${where}: retention took no more than it may`);
  await log.close();
  return records;
}

describe('segment log through power cuts', () => {
  const ends: [string, (disk: CrashDisk, cut: number) => CrashDisk][] = [
    ['nothing unsynced survives', (disk) => disk.crash('nothing')],
    ['everything unsynced survives', (disk) => disk.crash('everything')],
    ['some of it survives', (disk, cut) => disk.crash({ some: coin(`a${cut}`) })],
    ['other parts survive', (disk, cut) => disk.crash({ some: coin(`b${cut}`) })],
    ['the process alone dies, and the power goes later', (disk) => disk],
  ];

  for (const [name, endOf] of ends) {
    test(`no acknowledged record is lost at any step of append, roll-over and retention when ${name}`, async () => {
      const whole = new CrashDisk();
      const complete = await run(whole, 'first');
      assert.equal(complete.acknowledged.length, recordCount);
      assert.ok(whole.operations > 100, `${whole.operations} steps to cut at`);
      for (let cut = 0; cut <= whole.operations; cut++) {
        const live = async () => {
          const disk = new CrashDisk();
          disk.cutAt = cut;
          const outcome = await run(disk, 'first');
          const after = endOf(disk, cut);
          after.operations = 0;
          after.cutAt = Number.POSITIVE_INFINITY;
          return { after, outcome };
        };
        const first = await live();
        const survivors = await check(first.after, first.outcome, `cut ${cut}`);

        // The same first life once more; the second starts from what it left and is cut as well. What
        // the second start let be read counts as promised, whether the first life reported it or not.
        const { after } = await live();
        after.cutAt = (cut * 7) % 60;
        const second = await run(after, 'second');
        const promised = second.isOpen ? survivors : survivors.filter((entry) => has(first.outcome.acknowledged, entry));
        const both = {
          acknowledged: [...promised, ...second.acknowledged],
          // A deletion that was not synced may be undone, so what went before the survivors may be back.
          appended: [
            ...first.outcome.appended.filter((entry) => entry.position < (survivors[0]?.position ?? 0)),
            ...survivors,
            ...second.appended,
          ],
        };
        await check(after.crash('nothing'), both, `cut ${cut}, second life`);
      }
    });
  }

  test('the check itself notices when the last acknowledged record is gone', async () => {
    const disk = new CrashDisk();
    const outcome = await run(disk, 'first');
    const after = disk.crash('nothing');
    const names = (await after.list(directory)).sort();
    after.damage(directory, names.at(-1) ?? '', (bytes) => bytes.fill(0, bytes.length - 10));
    await assert.rejects(check(after, outcome, 'damaged tail'));
  });
});

function has(entries: readonly Acknowledged[], entry: Acknowledged): boolean {
  return entries.some((other) => other.position === entry.position && other.text === entry.text);
}

function coin(seed: string): () => boolean {
  const random = seededRandom(seed);
  return () => random.fraction() < 0.5;
}
