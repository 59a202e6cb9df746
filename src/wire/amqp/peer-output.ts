import type { Duplex } from 'node:stream';

/** More than that together is not copied for the sake of one write. */
const joinedBytesMax = 32 * 1024;
/** More than any stream takes before it asks to wait, so that it tells when it has room again. */
const roomBytes = 256 * 1024;

/** What goes to a peer: all of a turn in one write, nothing behind the last word, and only as much as it reads. */
export class PeerOutput {
  readonly #stream: Duplex;
  readonly #backlogBytesMax: number;
  readonly #onTooSlow: () => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isFlushScheduled = false;
  #isLastSaid = false;

  constructor(stream: Duplex, { backlogBytesMax, onTooSlow }: { backlogBytesMax: number; onTooSlow(): void }) {
    this.#stream = stream;
    this.#backlogBytesMax = backlogBytesMax;
    this.#onTooSlow = onTooSlow;
  }

  /** Whether who has much to say should go on, or wait until the peer has read some of it. */
  get hasRoom(): boolean {
    return !this.#isLastSaid && this.#waitingBytes + this.#stream.writableLength < roomBytes;
  }

  write(bytes: Buffer): void {
    if (this.#isLastSaid) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  /** What the library says after it is dropped: it goes on for a moment. */
  writeLast(bytes: Buffer): void {
    this.write(bytes);
    this.#isLastSaid = true;
  }

  end(): void {
    this.#flush();
    if (this.#stream.destroyed) return;
    this.#stream.end();
    // After the end it must go on reading, or it would not see the other side's and never close.
    this.#stream.resume();
  }

  #flush(): void {
    this.#isFlushScheduled = false;
    const waiting = this.#waiting;
    const isLong = waiting.length > 1 && this.#waitingBytes > joinedBytesMax;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length === 0 || this.#stream.destroyed || this.#stream.writableEnded) return;
    if (isLong) for (const bytes of waiting) this.#stream.write(bytes);
    else this.#stream.write(waiting.length === 1 ? waiting[0] : Buffer.concat(waiting));
    if (this.#stream.writableLength <= this.#backlogBytesMax) return;
    this.#onTooSlow();
    this.#stream.destroy();
  }
}
