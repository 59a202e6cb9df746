import { MalformedPacket, packetType } from './packet.ts';
import { SkippedPublish } from './skipped-publish.ts';

/**
 * Gets one whole packet: `first` is its first byte, its variable header and payload are
 * `buffer[start..end)`. The memory is valid only during the call. Returns whether to go on.
 */
export type PacketSink = (buffer: Buffer, first: number, start: number, end: number) => boolean;

/** Gets what stands before the payload of a PUBLISH that was too large, and how large its payload was. Returns whether to go on. */
export type OversizeSink = (first: number, head: Buffer, payloadBytes: number) => boolean;

/** A packet in parts gets this much at most before its bytes arrive; then its buffer doubles. A peer cannot make us reserve what it only announced. */
const reservedBytesMax = 4_096;
const headerBytesMax = 5;

/**
 * Finds packets in a stream that is cut anywhere (section 2.2.3).
 *
 * A packet that lies whole in one chunk is handed on where it lies. Only one that straddles chunks is
 * copied, once, into a buffer of its own.
 */
export class PacketReader {
  readonly #sink: PacketSink;
  #remainingLengthMax: number;
  #oversizeSink: OversizeSink | undefined;
  #skipped: { readonly publish: SkippedPublish; readonly remainingLength: number } | undefined;
  #partial: Buffer | undefined;
  #partialLength = 0;
  /** Length of the whole packet that `#partial` grows into; 0 while its header is not complete. */
  #partialTotal = 0;

  constructor(sink: PacketSink, remainingLengthMax: number) {
    this.#sink = sink;
    this.#remainingLengthMax = remainingLengthMax;
  }

  set remainingLengthMax(value: number) {
    this.#remainingLengthMax = value;
  }

  /** From now on a PUBLISH over the limit is read past and told here; without it, it is an error like any other packet over the limit. */
  set oversizeSink(sink: OversizeSink) {
    this.#oversizeSink = sink;
  }

  /** Whether a packet has begun and not ended. */
  get isMidPacket(): boolean {
    return this.#partialLength > 0 || this.#skipped !== undefined;
  }

  /** Hands on every whole packet and keeps what is left over. Returns how much it took: less than all if the sink said stop. */
  feed(chunk: Buffer): number {
    let at = 0;
    if (this.#partialLength > 0) {
      at = this.#complete(chunk);
      if (at < 0) return -at;
    }
    const size = chunk.length;
    while (at < size) {
      if (this.#skipped) {
        at = this.#skip(this.#skipped, chunk, at);
        if (at < 0) return -at;
        continue;
      }
      let start = at + 1;
      let remaining = 0;
      let shift = 0;
      let byte = 0x80;
      while (start < size) {
        byte = chunk[start++] as number;
        remaining |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
        shift += 7;
        if (shift > 21) throw new MalformedPacket('MQTT-2.2.3', 'the remaining length has more than four bytes');
      }
      if (byte >= 0x80) break;
      if (this.#skips(chunk[at] as number, remaining)) {
        at = start;
        continue;
      }
      const end = start + remaining;
      if (end > size) break;
      const first = chunk[at] as number;
      at = end;
      if (!this.#sink(chunk, first, start, end)) return at;
    }
    if (at < size) {
      this.#readHeader(chunk, at);
      this.#append(chunk, at, size);
    }
    return size;
  }

  /** Continues the packet that began in an earlier chunk. Returns where the next begins; negative if the sink said stop there. */
  #complete(chunk: Buffer): number {
    let at = 0;
    while (this.#partialTotal === 0) {
      if (at === chunk.length) return at;
      this.#append(chunk, at, at + 1);
      at++;
      this.#readHeader(this.#partial as Buffer, 0, this.#partialLength);
      if (this.#skipped) {
        this.#partial = undefined;
        this.#partialLength = 0;
        return at;
      }
    }
    const take = Math.min(this.#partialTotal - this.#partialLength, chunk.length - at);
    this.#append(chunk, at, at + take);
    at += take;
    if (this.#partialLength < this.#partialTotal) return at;
    const packet = this.#partial as Buffer;
    const total = this.#partialTotal;
    this.#partial = undefined;
    this.#partialLength = 0;
    this.#partialTotal = 0;
    let start = 1;
    while ((packet[start] as number) >= 0x80) start++;
    return this.#sink(packet, packet[0] as number, start + 1, total) ? at : -at;
  }

  /** Learns how long the packet at `from` is, if its header is complete. */
  #readHeader(buffer: Buffer, from: number, to = buffer.length): void {
    let remaining = 0;
    for (let index = 1; index <= 4 && from + index < to; index++) {
      const byte = buffer[from + index] as number;
      remaining |= (byte & 0x7f) << (7 * (index - 1));
      if (byte < 0x80) {
        if (!this.#skips(buffer[from] as number, remaining)) this.#partialTotal = index + 1 + remaining;
        return;
      }
      if (index === 4) throw new MalformedPacket('MQTT-2.2.3', 'the remaining length has more than four bytes');
    }
  }

  #append(chunk: Buffer, from: number, to: number): void {
    const length = this.#partialLength + to - from;
    if (!this.#partial || this.#partial.length < length) {
      const reserved = Math.min(this.#partialTotal, Math.max(reservedBytesMax, 2 * length));
      // Not from the shared pool: a slow sender would keep its whole slab alive.
      const grown = Buffer.allocUnsafeSlow(Math.max(reserved, length, headerBytesMax));
      this.#partial?.copy(grown, 0, 0, this.#partialLength);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#partialLength, from, to);
    this.#partialLength = length;
  }

  /** Whether the packet of this header is one to read past. Throws when it is too large and may not be. */
  #skips(first: number, remaining: number): boolean {
    if (remaining <= this.#remainingLengthMax) return false;
    if (!this.#oversizeSink || first >> 4 !== packetType.publish) throw new PacketTooLarge(remaining, this.#remainingLengthMax);
    this.#skipped = { publish: new SkippedPublish(first, remaining), remainingLength: remaining };
    return true;
  }

  /** Returns where the next packet begins; negative if the sink said stop there. */
  #skip({ publish, remainingLength }: { publish: SkippedPublish; remainingLength: number }, chunk: Buffer, from: number): number {
    const at = publish.feed(chunk, from);
    if (!publish.isComplete) return at;
    this.#skipped = undefined;
    const { first, head } = publish;
    return this.#oversizeSink?.(first, head, remainingLength - head.length) === false ? -at : at;
  }
}

/** A packet announced more bytes than this connection may send at once. */
export class PacketTooLarge extends Error {
  constructor(size: number, limit: number) {
    super(`a packet of ${size} bytes, the limit is ${limit}`);
    this.name = 'PacketTooLarge';
  }
}
