/**
 * Whole numbers in as few bytes as they need: seven bits a byte, low ones first. Numbers up to 2^53, so
 * division instead of shifts beyond 32 bits. Signed ones go zigzag, so that small negatives stay small.
 */
export class VarintWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(sizeHint = 256) {
    this.#bytes = Buffer.allocUnsafe(sizeHint);
  }

  unsigned(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#bytes.length * 2 + 8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }
}

/** Reads what VarintWriter wrote. Throws RangeError at the end of the bytes and for numbers beyond 2^53. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  unsigned(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) throw new RangeError('The number is cut short.');
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('The number is too large.');
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** Growing positions as their differences. */
export function encodePositions(positions: readonly number[]): Buffer {
  const writer = new VarintWriter(positions.length * 3 + 8);
  let before = 0;
  for (const position of positions) {
    writer.unsigned(position - before);
    before = position;
  }
  return writer.finish();
}

export function decodePositions(bytes: Uint8Array, count: number): number[] {
  const reader = new VarintReader(bytes);
  const positions: number[] = [];
  let position = 0;
  for (let i = 0; i < count; i++) {
    position += reader.unsigned();
    positions.push(position);
  }
  return positions;
}
