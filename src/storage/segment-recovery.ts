import type { FileSystem } from './file-system.ts';
import {
  blockHeaderBytes,
  collectRecords,
  isBlockSound,
  type LogRecord,
  readBlockHeader,
  segmentHeaderBytes,
} from './segment-block.ts';
import { type Damage, SegmentFile, segmentBase, segmentName } from './segment-file.ts';
import { findBlockAfter } from './segment-search.ts';

/** What the owner of the log rebuilds from the newest segment: its preamble, then each record in order. */
export type RecoveryVisitor = { preamble(bytes: Buffer): void; record(bytes: Buffer, position: number): void };

export type Recovered = {
  segments: SegmentFile[];
  /** Where the next record goes. */
  end: number;
  /** What the disk changed after it was acknowledged: to be reported, never repaired in silence. */
  damages: Damage[];
  /** Bytes of an unfinished write that were cut off; nothing in them had been acknowledged. */
  tornBytes: number;
};

const windowBytes = 1024 * 1024;

/**
 * Opens the segments in `directory` after any kind of end.
 *
 * Only the newest segment can hold an unfinished write, since a new one is started after the sync of
 * the last; it is read through, and the older ones are checked when they are read. When this
 * returns, all that it lets be read is on disk.
 */
export async function recoverSegments(files: FileSystem, directory: string, visitor: RecoveryVisitor): Promise<Recovered> {
  const bases = (await files.list(directory))
    .map(segmentBase)
    .filter((base) => base !== undefined)
    .sort((a, b) => a - b);
  const segments: SegmentFile[] = [];
  let end = 0;
  for (const [index, base] of bases.entries()) {
    const segment = await SegmentFile.open(files, directory, segmentName(base));
    if (segment) segments.push(segment);
    else if (index === bases.length - 1) end = await dropUnfinished(files, directory, base);
  }
  const newest = segments.at(-1);
  if (!newest) return { segments, end, damages: holesIn(segments, bases, end), tornBytes: 0 };

  const damages = holesIn(segments, bases, end);
  visitor.preamble(newest.header.preamble);
  const sizeEnd = newest.end;
  const groupStart = await scan(newest, visitor, damages);
  await settle(newest, groupStart, sizeEnd);
  await files.syncDirectory(directory);
  return { segments, end: Math.max(end, newest.end), damages, tornBytes: sizeEnd - newest.end };
}

/**
 * The newest file has no sound header. Its creation was cut short when nothing follows the header,
 * for data is written only after the header is on disk. Otherwise it is damaged and stays, and the
 * log goes on behind it.
 */
async function dropUnfinished(files: FileSystem, directory: string, base: number): Promise<number> {
  const file = await files.open(directory, segmentName(base));
  const size = await file.size();
  await file.close();
  if (size > segmentHeaderBytes) return base + size - segmentHeaderBytes;
  await files.remove(directory, segmentName(base));
  await files.syncDirectory(directory);
  return 0;
}

/** Stretches between the oldest base and `end` that no segment holds. */
function holesIn(segments: readonly SegmentFile[], bases: readonly number[], end: number): Damage[] {
  const holes: Damage[] = [];
  let expected = bases[0] ?? 0;
  for (const segment of segments) {
    if (segment.base > expected) holes.push({ from: expected, to: segment.base });
    expected = segment.end;
  }
  if (end > expected) holes.push({ from: expected, to: end });
  return holes;
}

/** Reads the newest segment through, sets its end behind the last sound block and returns where the last write began. */
async function scan(segment: SegmentFile, visitor: RecoveryVisitor, damages: Damage[]): Promise<number> {
  const { salt } = segment.header;
  let groupStart = segment.base;
  let position = segment.base;
  let windowStart = position;
  let window = await segment.readBytes(position, Math.min(segment.end, position + windowBytes));
  while (position < segment.end) {
    let header = readBlockHeader(window, position - windowStart, position);
    const wanted = position + (header?.byteLength ?? blockHeaderBytes);
    if (wanted > windowStart + window.length && wanted <= segment.end) {
      windowStart = position;
      window = await segment.readBytes(position, Math.min(segment.end, Math.max(wanted, position + windowBytes)));
      header = readBlockHeader(window, 0, position);
    }
    if (header && isBlockSound(window, position - windowStart, header, salt)) {
      const records: LogRecord[] = [];
      collectRecords(window, position - windowStart, header, records);
      for (const record of records) visitor.record(record.bytes, record.position);
      groupStart = header.groupStart;
      position += header.byteLength;
      continue;
    }
    const next = await nextAfterDamage(segment, position);
    if (next === undefined) segment.end = position;
    else {
      damages.push({ from: position, to: next });
      position = next;
    }
  }
  return Math.max(groupStart, segment.base);
}

/**
 * No sound block starts at `position`. When a later write exists, this stretch had been synced before it
 * began, so the disk changed it: answers where to go on. Otherwise it belongs to the last write, which
 * nobody was told of: undefined.
 */
async function nextAfterDamage(segment: SegmentFile, position: number): Promise<number | undefined> {
  const { salt } = segment.header;
  const rest = await segment.readBytes(position, segment.end);
  let first: number | undefined;
  let at = position;
  for (;;) {
    const found = findBlockAfter(rest.subarray(at - position), at, salt);
    if (!found) return undefined;
    first ??= found.position;
    if (found.groupStart > position) return first;
    at = found.position;
  }
}

/**
 * Writes the last group once more before the sync. After a failed sync the kernel may hold pages that it
 * takes for written although the disk never got them; a process that reads them here would hand on
 * what a power cut can still undo.
 */
async function settle(segment: SegmentFile, groupStart: number, sizeEnd: number): Promise<void> {
  if (sizeEnd > segment.end) await segment.truncate(segment.end);
  if (groupStart < segment.end) await segment.write([await segment.readBytes(groupStart, segment.end)], groupStart);
  await segment.sync();
}
