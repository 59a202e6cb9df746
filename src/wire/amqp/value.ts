import { valueLimits } from './limits.ts';

/** What is wrong with bytes that a peer sent: the connection ends with this condition. */
export class AmqpViolation extends Error {
  readonly condition: string;

  constructor(condition: string, description: string) {
    super(description);
    this.condition = condition;
  }
}

export class AmqpUuid {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  toString(): string {
    return this.bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }
}

export class Described {
  readonly descriptor: number | string;
  readonly value: AmqpValue;

  constructor(descriptor: number | string, value: AmqpValue) {
    this.descriptor = descriptor;
    this.value = value;
  }
}

/**
 * An AMQP 1.0 value (part 1). Symbols are strings, timestamps dates, binary is a buffer over the bytes that were read;
 * integers beyond 2^53 are bigints. Maps keep their keys whatever they are called.
 */
export type AmqpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Buffer
  | AmqpUuid
  | Described
  | readonly AmqpValue[]
  | ReadonlyMap<AmqpValue, AmqpValue>;

/** Reads values from bytes that somebody sent. Everything it does is bounded by the bytes and by `valueLimits`. */
export class ValueReader {
  readonly bytes: Buffer;
  at: number;
  #itemsLeft: number = valueLimits.itemsMax;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** Throws AmqpViolation. */
  read(depth = 0): AmqpValue {
    if (depth > valueLimits.depthMax) throw malformed('is nested too deeply');
    if (--this.#itemsLeft < 0) throw malformed('has too many parts');
    const code = this.#take(1).readUInt8();
    if (code === 0) {
      const descriptor = this.read(depth + 1);
      if (typeof descriptor !== 'number' && typeof descriptor !== 'string') throw malformed('has an odd descriptor');
      return new Described(descriptor, this.read(depth + 1));
    }
    return this.#readAs(code, depth);
  }

  /** The list or map that comes next, by its items; each with the bytes it was read from. */
  readItems(): { value: AmqpValue; bytes: Buffer }[] {
    const code = this.#take(1).readUInt8();
    if (code === 0x45) return [];
    if (code !== 0xc0 && code !== 0xd0) throw malformed('has no list where one belongs');
    const { count, end } = this.#compound(code === 0xc0 ? 1 : 4);
    const items: { value: AmqpValue; bytes: Buffer }[] = [];
    for (let i = 0; i < count; i++) {
      const from = this.at;
      const value = this.read(1);
      items.push({ value, bytes: this.bytes.subarray(from, this.at) });
    }
    if (this.at !== end) throw malformed('has a list of the wrong size');
    return items;
  }

  #readAs(code: number, depth: number): AmqpValue {
    switch (code) {
      case 0x40:
        return null;
      case 0x41:
        return true;
      case 0x42:
        return false;
      case 0x43:
      case 0x44:
        return 0;
      case 0x45:
        return [];
      case 0x50:
      case 0x52:
      case 0x53:
        return this.#take(1).readUInt8();
      case 0x51:
      case 0x54:
      case 0x55:
        return this.#take(1).readInt8();
      case 0x56:
        return this.#take(1).readUInt8() !== 0;
      case 0x60:
        return this.#take(2).readUInt16BE();
      case 0x61:
        return this.#take(2).readInt16BE();
      case 0x70:
        return this.#take(4).readUInt32BE();
      case 0x71:
        return this.#take(4).readInt32BE();
      case 0x72:
        return this.#take(4).readFloatBE();
      case 0x73:
        return character(this.#take(4).readUInt32BE());
      case 0x80:
        return small(this.#take(8).readBigUInt64BE());
      case 0x81:
        return small(this.#take(8).readBigInt64BE());
      case 0x82:
        return this.#take(8).readDoubleBE();
      case 0x83:
        return date(this.#take(8).readBigInt64BE());
      case 0x98:
        return new AmqpUuid(this.#take(16));
      case 0x74:
        return this.#take(4);
      case 0x84:
        return this.#take(8);
      case 0x94:
        return this.#take(16);
      case 0xa0:
        return this.#variable(1);
      case 0xb0:
        return this.#variable(4);
      case 0xa1:
        return text(this.#variable(1));
      case 0xb1:
        return text(this.#variable(4));
      case 0xa3:
        return this.#variable(1).toString('latin1');
      case 0xb3:
        return this.#variable(4).toString('latin1');
      case 0xc0:
        return this.#list(1, depth);
      case 0xd0:
        return this.#list(4, depth);
      case 0xc1:
        return this.#map(1, depth);
      case 0xd1:
        return this.#map(4, depth);
      case 0xe0:
        return this.#array(1, depth);
      case 0xf0:
        return this.#array(4, depth);
      default:
        throw malformed(`has a value of the unknown type 0x${code.toString(16)}`);
    }
  }

  #list(width: 1 | 4, depth: number): AmqpValue[] {
    const { count, end } = this.#compound(width);
    const items: AmqpValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.read(depth + 1));
    if (this.at !== end) throw malformed('has a list of the wrong size');
    return items;
  }

  #map(width: 1 | 4, depth: number): Map<AmqpValue, AmqpValue> {
    const items = this.#list(width, depth);
    if (items.length % 2 !== 0) throw malformed('has a map with a key and no value');
    const map = new Map<AmqpValue, AmqpValue>();
    for (let i = 0; i < items.length; i += 2) map.set(items[i] ?? null, items[i + 1] ?? null);
    return map;
  }

  #array(width: 1 | 4, depth: number): AmqpValue[] {
    const { count, end } = this.#compound(width);
    const code = this.#take(1).readUInt8();
    // No client sends arrays of described values, and elements without bytes would cost nothing to send.
    if (code === 0 || (count > 0 && code >= 0x40 && code < 0x50)) throw malformed('has an array of an odd type');
    const items: AmqpValue[] = [];
    for (let i = 0; i < count; i++) {
      if (--this.#itemsLeft < 0) throw malformed('has too many parts');
      if (depth >= valueLimits.depthMax) throw malformed('is nested too deeply');
      items.push(this.#readAs(code, depth + 1));
    }
    if (this.at !== end) throw malformed('has an array of the wrong size');
    return items;
  }

  #compound(width: 1 | 4): { count: number; end: number } {
    const size = this.#length(width);
    const end = this.at + size;
    if (end > this.bytes.length) throw malformed('is cut off');
    return { count: this.#length(width), end };
  }

  #variable(width: 1 | 4): Buffer {
    return this.#take(this.#length(width));
  }

  #length(width: 1 | 4): number {
    return width === 1 ? this.#take(1).readUInt8() : this.#take(4).readUInt32BE();
  }

  #take(count: number): Buffer {
    const end = this.at + count;
    if (end > this.bytes.length) throw malformed('is cut off');
    const bytes = this.bytes.subarray(this.at, end);
    this.at = end;
    return bytes;
  }
}

function malformed(what: string): AmqpViolation {
  return new AmqpViolation('amqp:decode-error', `What was sent ${what}.`);
}

function small(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

function date(value: bigint): Date {
  const result = new Date(Number(value));
  if (Number.isNaN(result.getTime())) throw malformed('has a time that is none');
  return result;
}

function character(code: number): string {
  if (code > 0x10ffff) throw malformed('has a character that is none');
  return String.fromCodePoint(code);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('has a text that is no UTF-8');
  }
}
