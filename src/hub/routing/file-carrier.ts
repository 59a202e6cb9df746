import type { Platform } from '#base/platform.ts';
import type { FileStore } from '#storage/file-store.ts';
import type { Carrier } from './delivery.ts';
import { formatFileName } from './file-name-format.ts';
import { type RoutedRead, readRouted } from './read-routed.ts';
import { formatRecord, type RoutedEvent } from './routed-event.ts';

/** What it needs of a file store. */
export type FileDoor = Pick<FileStore, 'load' | 'stage' | 'unstage' | 'commit' | 'blobBytesMax'>;

export type FileCarrierOptions = {
  readonly platform: Platform;
  readonly read: RoutedRead;
  readonly store: FileDoor;
  readonly container: string;
  readonly hubName: string;
  readonly fileNameFormat: string;
  readonly batchMs: number;
  readonly chunkBytes: number;
  /** Of all destinations of the hub, which write into one container: names that are not written whole yet. */
  readonly namesUnderWay: Set<string>;
};

/** Of one partition, what is in memory at most; before that many bytes wait, they are on disk. */
const blockBytes = 1024 * 1024;
const pieceMax = { events: 1_000, bytes: blockBytes };
/** More than a line may have: numbers grow when they are written out, and so does what must be escaped. */
const lineBytesMax = 8 * 1024 * 1024;

/** A file that is being gathered: lines, of which all but the last are staged. */
type Gathered = {
  readonly name: string;
  readonly lines: Buffer[];
  lineBytes: number;
  bytes: number;
  readonly blockIds: string[];
};

/**
 * Writes what came since the last time into files, one of each partition, a line of JSON for every event. A file is there whole
 * or not at all, and events count as delivered when all files of a turn are there: after a crash in between some come twice.
 */
export class FileCarrier implements Carrier {
  readonly gatherMs: number;
  readonly isPeriodic = true;
  readonly #options: FileCarrierOptions;
  /** A file that has so many is full; it may go beyond that by one line. */
  readonly #fullBytes: number;

  constructor(options: FileCarrierOptions) {
    const { store, chunkBytes } = options;
    this.#options = options;
    this.#fullBytes = Math.min(chunkBytes, Math.max(store.blobBytesMax - lineBytesMax, store.blobBytesMax / 2));
    this.gatherMs = options.batchMs;
  }

  async carry(from: number, reached: (position: number) => void): Promise<number> {
    const { read } = this.#options;
    const until = read.events.end;
    let at = from;
    while (at < until) {
      const next = await this.#writeFiles(at, until);
      if (next.count > 0) reached(next.position);
      at = next.position;
    }
    return at;
  }

  close(): void {}

  /** As far as one file of a partition may go. */
  async #writeFiles(from: number, until: number): Promise<{ position: number; count: number }> {
    const files = new Map<number, Gathered>();
    try {
      const gathered = await this.#gather(files, from, until);
      for (const file of files.values()) await this.#finish(file);
      return gathered;
    } catch (error) {
      const { store, container } = this.#options;
      // The next attempt may have names of another minute, and what waits for these would take up room for a day.
      for (const { name } of files.values()) await store.unstage({ container, name }).catch(() => undefined);
      throw error;
    } finally {
      for (const { name } of files.values()) this.#options.namesUnderWay.delete(name);
    }
  }

  async #gather(files: Map<number, Gathered>, from: number, until: number): Promise<{ position: number; count: number }> {
    let position = from;
    let count = 0;
    while (position < until) {
      const { events, next } = await readRouted(this.#options.read, position, pieceMax);
      for (const event of events) {
        const file = await this.#add(files, event);
        count++;
        if (file.bytes >= this.#fullBytes) return { position: event.next, count };
      }
      if (next <= position) break;
      position = next;
    }
    return { position, count };
  }

  async #add(files: Map<number, Gathered>, event: RoutedEvent): Promise<Gathered> {
    const { partition } = event;
    const file = files.get(partition) ?? { name: await this.#nameOf(partition), lines: [], lineBytes: 0, bytes: 0, blockIds: [] };
    files.set(partition, file);
    const line = Buffer.from(`${JSON.stringify(formatRecord(event))}\n`);
    file.lines.push(line);
    file.lineBytes += line.length;
    file.bytes += line.length;
    if (file.lineBytes >= blockBytes) await this.#stage(file);
    return file;
  }

  async #stage(file: Gathered): Promise<void> {
    const { store, container } = this.#options;
    const blockId = Buffer.from(String(file.blockIds.length).padStart(6, '0')).toString('base64');
    const lines = file.lines.splice(0);
    const bytes = file.lineBytes;
    file.lineBytes = 0;
    await store.stage({ container, name: file.name }, blockId, {
      bytes,
      chunks: (async function* () {
        yield* lines;
      })(),
    });
    file.blockIds.push(blockId);
  }

  async #finish(file: Gathered): Promise<void> {
    const { store, container } = this.#options;
    if (file.lineBytes > 0) await this.#stage(file);
    await store.commit({ container, name: file.name }, file.blockIds, { contentType: 'application/x-ndjson', isNew: true });
  }

  /** Two files of one minute differ by a number. */
  async #nameOf(partition: number): Promise<string> {
    const { store, container, hubName, fileNameFormat, platform, namesUnderWay } = this.#options;
    const base = formatFileName(fileNameFormat, { hubName, partition, at: platform.clock.now() });
    for (let n = 1; ; n++) {
      const name = `${n === 1 ? base : `${base}-${n}`}.json`;
      if ((await store.load({ container, name })) || namesUnderWay.has(name)) continue;
      namesUnderWay.add(name);
      return name;
    }
  }
}
