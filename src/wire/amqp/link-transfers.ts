import type { RheaLink } from './library-shapes.ts';
import type { PeerOutput } from './peer-output.ts';

/** A message that can put itself where it is to go, so that none needs a Buffer of its own. */
export type MessageWriter = { readonly byteLength: number; writeTo(target: Buffer, offset: number): void };

export type TransferDoor = {
  readonly output: Pick<PeerOutput, 'write' | 'hasRoom'>;
  /** Lets the library say what it has to say, which must not come behind what we say past it; false when that is not over yet. */
  flush(): boolean;
};

const chunkBytes = 64 * 1024;
const headBytes = 32;

/**
 * Messages on one link in numbers: written as frames into chunks that hold many, past the library, whose counts of
 * deliveries, transfers and credit are kept as if it had sent them. Each is one frame; what is too large for that, or for
 * the window of its session, goes through the library.
 */
export class LinkTransfers {
  readonly #rhea: RheaLink;
  readonly #door: TransferDoor;
  #chunk: Buffer | undefined;
  #used = 0;
  #tag = 0;

  constructor(rhea: RheaLink, door: TransferDoor) {
    this.#rhea = rhea;
    this.#door = door;
  }

  /** The peer wants to hear when there is nothing more. */
  get isDraining(): boolean {
    return Boolean(this.#rhea._draining) && this.#rhea.credit > 0;
  }

  /** Whether a message may be written now; asked before the first of a turn. */
  begin(): boolean {
    return this.#door.flush() && this.hasRoom;
  }

  /** Whether another one may be written in the same turn. */
  get hasRoom(): boolean {
    const { outgoing } = this.#rhea.session;
    // What the library holds back is for want of the same window, and goes first.
    if (this.#rhea.credit <= 0 || outgoing.next_pending_delivery !== outgoing.next_delivery_id) return false;
    return outgoing.deliveries.available() > 0 && this.#window > 0 && this.#door.output.hasRoom;
  }

  write(message: MessageWriter): void {
    const rhea = this.#rhea;
    const { outgoing } = rhea.session;
    const { byteLength } = message;
    const isSettled = rhea.local.attach.snd_settle_mode !== 0;
    if (headBytes + byteLength > (rhea.connection.max_frame_size ?? Number.POSITIVE_INFINITY)) {
      this.send();
      const payload = Buffer.allocUnsafeSlow(byteLength);
      message.writeTo(payload, 0);
      // Another length than of ours, so that no two are alike.
      const tag = Buffer.alloc(8);
      tag.writeUInt32BE(this.#tag++ >>> 0);
      const delivery = rhea.send(payload, tag, 0);
      if (isSettled) delivery.settled = true;
      this.#door.flush();
      return;
    }
    const chunk = this.#roomFor(headBytes + byteLength);
    this.#writeHead(chunk, this.#used, headBytes + byteLength, isSettled);
    message.writeTo(chunk, this.#used + headBytes);
    this.#used += headBytes + byteLength;
    rhea.credit -= 1;
    rhea.delivery_count += 1;
    outgoing.window -= 1;
    outgoing.next_transfer_id = (outgoing.next_transfer_id + 1) >>> 0;
    outgoing.next_delivery_id = (outgoing.next_delivery_id + 1) >>> 0;
    outgoing.next_pending_delivery = outgoing.next_delivery_id;
  }

  /** Gives what was written to the socket: at the end of every turn. */
  send(): void {
    if (!this.#chunk) return;
    this.#door.output.write(this.#chunk.subarray(0, this.#used));
    this.#chunk = undefined;
    this.#used = 0;
  }

  /** Tells a peer that drains that nothing more comes. */
  drained(): void {
    useUpCredit(this.#rhea);
    this.#rhea.set_drained(true);
    this.#door.flush();
  }

  get #window(): number {
    const { outgoing } = this.#rhea.session;
    const { remote_window: window = 0, remote_next_transfer_id: seen } = outgoing;
    if (seen === undefined) return 0;
    return window - ((outgoing.next_transfer_id - seen) >>> 0);
  }

  #roomFor(bytes: number): Buffer {
    if (this.#chunk && this.#used + bytes > this.#chunk.length) this.send();
    this.#chunk ??= Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes));
    return this.#chunk;
  }

  /** The header of a frame and its transfer (part 2, 2.3 and 2.7.5), with numbers at their full width, so that its size is known. */
  #writeHead(chunk: Buffer, at: number, frameBytes: number, isSettled: boolean): void {
    const { local, session } = this.#rhea;
    chunk.writeUInt32BE(frameBytes, at);
    chunk[at + 4] = 2;
    chunk[at + 5] = 0;
    chunk.writeUInt16BE(session.local.channel, at + 6);
    chunk[at + 8] = 0x00;
    chunk[at + 9] = 0x53;
    chunk[at + 10] = 0x14;
    chunk[at + 11] = 0xc0;
    chunk[at + 12] = headBytes - 13;
    chunk[at + 13] = 5;
    chunk[at + 14] = 0x70;
    chunk.writeUInt32BE(local.handle, at + 15);
    chunk[at + 19] = 0x70;
    chunk.writeUInt32BE(session.outgoing.next_delivery_id, at + 20);
    chunk[at + 24] = 0xa0;
    chunk[at + 25] = 4;
    chunk.writeUInt32BE(this.#tag++ >>> 0, at + 26);
    chunk[at + 30] = 0x43;
    chunk[at + 31] = isSettled ? 0x41 : 0x42;
  }
}

/** Of drained credit all but one, which the library counts down: by ones, up to four thousand million of them. */
export function useUpCredit(sender: RheaLink): void {
  if (sender.credit <= 1) return;
  sender.delivery_count += sender.credit - 1;
  sender.credit = 1;
}
