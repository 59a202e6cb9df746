import { assert } from '#base/assert.ts';

const packetIdMax = 65_535;

/** Packet identifiers of messages we sent: never 0, never one still in flight [MQTT-2.3.1-2]. */
export class PacketIds {
  #inflight: Set<number> | undefined;
  #last = 0;

  get size(): number {
    return this.#inflight?.size ?? 0;
  }

  /** A free identifier, taken from now on. */
  take(): number {
    this.#inflight ??= new Set();
    assert(this.#inflight.size < packetIdMax, 'the inflight window is smaller than the identifiers');
    do this.#last = this.#last === packetIdMax ? 1 : this.#last + 1;
    while (this.#inflight.has(this.#last));
    this.#inflight.add(this.#last);
    return this.#last;
  }

  /** Takes this very identifier, for what is sent again [MQTT-4.4.0-1]. False when it is taken. */
  claim(packetId: number): boolean {
    this.#inflight ??= new Set();
    if (this.#inflight.has(packetId)) return false;
    this.#inflight.add(packetId);
    return true;
  }

  has(packetId: number): boolean {
    return this.#inflight?.has(packetId) ?? false;
  }

  /** Frees an identifier. False when it was not taken. */
  release(packetId: number): boolean {
    return this.#inflight?.delete(packetId) ?? false;
  }
}
