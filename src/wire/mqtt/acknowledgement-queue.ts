import { assert } from '#base/assert.ts';
import type { PacketWriter } from './encode.ts';
import { packetType } from './packet.ts';

/** Above the 16 bits of a packet id: its message is safe, its acknowledgement waits for older ones. */
const acknowledged = 0x1_0000;
const capacityMin = 16;
/** A queue that grew beyond this gives its memory back when it runs empty. */
const capacityKept = 64;

/**
 * Messages of one QoS in the order they arrived. PUBACKs leave in that order [MQTT-4.6.0-2], and PUBRECs
 * [MQTT-4.6.0-3], even where the messages became safe in another: some clients end the connection over it
 * (hub-device-protocol.md 4.4).
 *
 * A client may send one packet id again before its first acknowledgement; each arrival is owed one.
 */
export class AcknowledgementQueue {
  /** A ring whose length is a power of two. */
  #ring: number[] = [];
  #head = 0;
  #size = 0;
  /** Offset behind the last one acknowledged out of order, where the next is likely to be. */
  #hint = 0;
  readonly #first: number;

  constructor(type: typeof packetType.puback | typeof packetType.pubrec = packetType.puback) {
    this.#first = type << 4;
  }

  get size(): number {
    return this.#size;
  }

  add(packetId: number): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = packetId;
    this.#size++;
  }

  /** Marks the oldest unmarked arrival of `packetId` and writes every acknowledgement that is due. Returns whether any was. */
  acknowledge(packetId: number, writer: PacketWriter): boolean {
    if (this.#size === 0 || this.#ring[this.#head] !== packetId) {
      this.#mark(packetId);
      return false;
    }
    writer.acknowledge(this.#first, packetId);
    this.#advance();
    while (this.#size > 0) {
      const next = this.#ring[this.#head] ?? 0;
      if (next < acknowledged) break;
      writer.acknowledge(this.#first, next - acknowledged);
      this.#advance();
    }
    if (this.#size === 0 && this.#ring.length > capacityKept) this.#ring = [];
    return true;
  }

  #advance(): void {
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    if (this.#hint > 0) this.#hint--;
  }

  #mark(packetId: number): void {
    const mask = this.#ring.length - 1;
    // Stores answer in batches, in order: behind a slow message the hint makes each of them one step.
    // It may only be trusted where no older arrival of the same id can be waiting, so it is no more than
    // the first place to look: ids repeat only when a client re-sends, and then both are marked in the end.
    if (this.#hint < this.#size && this.#ring[(this.#head + this.#hint) & mask] === packetId) {
      this.#ring[(this.#head + this.#hint) & mask] = packetId + acknowledged;
      this.#hint++;
      return;
    }
    for (let offset = 0; offset < this.#size; offset++) {
      const index = (this.#head + offset) & mask;
      if (this.#ring[index] === packetId) {
        this.#ring[index] = packetId + acknowledged;
        this.#hint = offset + 1;
        return;
      }
    }
    assert(false, `packet ${packetId} was acknowledged without being owed it`);
  }

  #grow(): void {
    const grown: number[] = [];
    for (let offset = 0; offset < this.#size; offset++)
      grown.push(this.#ring[(this.#head + offset) & (this.#ring.length - 1)] ?? 0);
    const capacity = Math.max(capacityMin, 2 * this.#size);
    while (grown.length < capacity) grown.push(0);
    this.#ring = grown;
    this.#head = 0;
  }
}
