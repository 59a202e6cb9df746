import type { Platform } from '#base/platform.ts';
import type { FileStore } from '#storage/file-store.ts';
import type { Carrier } from './delivery.ts';
import { formatFileName } from './file-name-format.ts';
import { type RoutedRead, readRouted } from './read-routed.ts';
import { formatRecord, type RoutedEvent } from './routed-event.ts';

export type FileCarrierOptions = {
  readonly platform: Platform;
  readonly read: RoutedRead;
  readonly store: Pick<FileStore, 'load' | 'stage' | 'commit'>;
  readonly container: string;
  readonly hubName: string;
  readonly fileNameFormat: string;
  readonly batchMs: number;
  readonly chunkBytes: number;
};

/** Of one partition, what is in memory at most; before that many bytes wait, they are on disk. */
const blockBytes = 1024 * 1024;
const pieceMax = { events: 1_000, bytes: blockBytes };

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

  constructor(options: FileCarrierOptions) {
    this.#options = options;
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
    const { read, chunkBytes } = this.#options;
    const files = new Map<number, Gathered>();
    let position = from;
    let count = 0;
    while (position < until && ![...files.values()].some(({ bytes }) => bytes >= chunkBytes)) {
      const { events, next } = await readRouted(read, position, pieceMax);
      for (const event of events) await this.#add(files, event);
      count += events.length;
      if (next <= position) break;
      position = next;
    }
    for (const file of files.values()) await this.#finish(file);
    return { position, count };
  }

  async #add(files: Map<number, Gathered>, event: RoutedEvent): Promise<void> {
    const { partition } = event;
    const file = files.get(partition) ?? { name: await this.#nameOf(partition), lines: [], lineBytes: 0, bytes: 0, blockIds: [] };
    files.set(partition, file);
    const line = Buffer.from(`${JSON.stringify(formatRecord(event))}\n`);
    file.lines.push(line);
    file.lineBytes += line.length;
    file.bytes += line.length;
    if (file.lineBytes >= blockBytes) await this.#stage(file);
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
    const { store, container, hubName, fileNameFormat, platform } = this.#options;
    const base = formatFileName(fileNameFormat, { hubName, partition, at: platform.clock.now() });
    for (let n = 1; ; n++) {
      const name = `${n === 1 ? base : `${base}-${n}`}.json`;
      if (!(await store.load({ container, name }))) return name;
    }
  }
}
