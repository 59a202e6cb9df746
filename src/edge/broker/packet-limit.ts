/**
 * Counts the bytes of MQTT packets in a stream and says when one is larger than allowed: the broker's library collects
 * a packet of any length before it looks at it.
 */
export class PacketLimit {
  readonly #bytesMax: number;
  /** Of the packet under way, still to come. */
  #left = 0;
  #length = 0;
  #shift = -1;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Whether all packets that begin in `chunk` are within the limit, and have a length at all. */
  accepts(chunk: Uint8Array): boolean {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at);
        this.#left -= passed;
        at += passed;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (this.#shift < 0) {
        // The first byte says what it is; its length follows, seven bits a byte [MQTT-2.2.3].
        this.#shift = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift;
      this.#shift += 7;
      if (byte & 0x80) {
        if (this.#shift >= 28) return false;
        continue;
      }
      if (this.#length > this.#bytesMax) return false;
      this.#left = this.#length;
      this.#shift = -1;
    }
    return true;
  }
}
