/** Encoders for the AMQP 1.0 types that we send (part 1). Each gives the whole value, constructor included. */

export const nullValue = Buffer.from([0x40]);

/** Four bytes: some clients read nothing else where an int is asked for. */
export function int(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x71;
  bytes.writeInt32BE(value, 1);
  return bytes;
}

export function uint(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x70;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

export function boolean(value: boolean): Buffer {
  return Buffer.from([value ? 0x41 : 0x42]);
}

export function long(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x81;
  bytes.writeBigInt64BE(BigInt(value), 1);
  return bytes;
}

export function ulong(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x80;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

export function ubyte(value: number): Buffer {
  return Buffer.from([0x50, value]);
}

export function timestamp(milliseconds: number): Buffer {
  const bytes = long(milliseconds);
  bytes[0] = 0x83;
  return bytes;
}

export function uuid(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x98]), bytes]);
}

export function string(value: string): Buffer {
  return variable(0xa1, 0xb1, Buffer.from(value));
}

export function symbol(value: string): Buffer {
  return variable(0xa3, 0xb3, Buffer.from(value, 'latin1'));
}

export function binary(value: Buffer): Buffer {
  return variable(0xa0, 0xb0, value);
}

export function list(items: readonly Buffer[]): Buffer {
  return compound(0xd0, items);
}

/** Of strings: an array even for one, or none. */
export function stringArray(items: readonly string[]): Buffer {
  const parts = items.map((item) => {
    const bytes = Buffer.from(item);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const head = Buffer.alloc(10);
  head[0] = 0xf0;
  head.writeUInt32BE(5 + parts.reduce((sum, { length }) => sum + length, 0), 1);
  head.writeUInt32BE(items.length, 5);
  head[9] = 0xb1;
  return Buffer.concat([head, ...parts]);
}

export function map(pairs: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return compound(0xd1, pairs.flat());
}

export function described(descriptor: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x00, 0x53, descriptor]), value]);
}

/** A section or an error's details: a map whose keys are symbols. */
export function describedMap(descriptor: number, pairs: readonly (readonly [string, Buffer])[]): Buffer {
  return described(descriptor, map(pairs.map(([name, value]) => [symbol(name), value])));
}

function variable(short: number, long: number, value: Buffer): Buffer {
  if (value.length < 256) return Buffer.concat([Buffer.from([short, value.length]), value]);
  const head = Buffer.alloc(5);
  head[0] = long;
  head.writeUInt32BE(value.length, 1);
  return Buffer.concat([head, value]);
}

function compound(code: number, items: readonly Buffer[]): Buffer {
  const size = items.reduce((sum, { length }) => sum + length, 4);
  const head = Buffer.alloc(9);
  head[0] = code;
  head.writeUInt32BE(size, 1);
  head.writeUInt32BE(items.length, 5);
  return Buffer.concat([head, ...items], size + 5);
}
