import { writeSync } from 'node:fs';
import { systemClock } from './clock.ts';

export type LineWriterOptions = {
  /** How many of the bytes were taken. Throws EAGAIN when the reader is behind, anything else when it is gone. */
  write(bytes: Uint8Array): number;
  /** Calls back some time later. */
  later(callback: () => void): void;
  /** The line that says how many were dropped. */
  describeDropped(lines: number): string;
  waitingBytesMax?: number;
};

/** Some tens of thousands of lines: a fleet that comes back at once, in front of a reader that does something else. */
const waitingBytesMaxByDefault = 16 * 1024 * 1024;

/**
 * Lines for a reader that may be slow or gone. Each is written at once where that can be, so that what was said before a
 * crash is there to be read; else it waits, in order, and whoever logs never does. What is more than may wait is dropped
 * and counted.
 */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #waitingBytesMax: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#waitingBytesMax = options.waitingBytesMax ?? waitingBytesMaxByDefault;
  }

  write(line: string): void {
    const isFirst = this.#waiting.length === 0;
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > this.#waitingBytesMax) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (isFirst) this.#drainOrWait();
  }

  /** Writes what its reader takes; whether nothing waits any more. */
  drain(): boolean {
    let written = 0;
    try {
      for (; written < this.#waiting.length; written++) this.#writeWhole(written);
      this.#waiting = [];
      if (this.#dropped === 0) return true;
      const told = Buffer.from(this.#options.describeDropped(this.#dropped));
      this.#dropped = 0;
      this.#waiting.push(told);
      this.#waitingBytes = told.length;
      return this.drain();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') {
        this.#waiting.splice(0, written);
        return false;
      }
      // Nobody who logs can do anything about a reader that is gone.
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#dropped = 0;
      return true;
    }
  }

  /** What was taken before it throws is not there any more. */
  #writeWhole(index: number): void {
    for (let rest = this.#waiting[index]; rest && rest.length > 0; rest = this.#waiting[index]) {
      const taken = this.#options.write(rest);
      this.#waiting[index] = rest.subarray(taken);
      this.#waitingBytes -= taken;
    }
  }

  #drainOrWait(): void {
    if (!this.drain()) this.#options.later(() => this.#drainOrWait());
  }
}

const retryMs = 10;
/** How long the end of a process waits for a reader of its log that takes nothing. */
const endMsMax = 5_000;

/** Standard error of this process, to the end of which what waits is written, for as long as somebody reads. */
export function openStandardError(describeDropped: (lines: number) => string): LineWriter {
  const lines = new LineWriter({
    write: (bytes) => writeSync(2, bytes),
    later: (callback) => void systemClock.after(retryMs, callback),
    describeDropped,
  });
  process.once('exit', () => {
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    for (let [left, waitedMs] = [lines.waitingBytes, 0]; !lines.drain() && waitedMs < endMsMax; waitedMs += retryMs) {
      if (lines.waitingBytes < left) [left, waitedMs] = [lines.waitingBytes, 0];
      Atomics.wait(sleeping, 0, 0, retryMs);
    }
  });
  return lines;
}
