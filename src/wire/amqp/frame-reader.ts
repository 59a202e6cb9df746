import { type AmqpValue, AmqpViolation, Described, ValueReader } from './value.ts';

/** Performatives of part 2, 2.7. */
export const performative = {
  open: 0x10,
  begin: 0x11,
  attach: 0x12,
  flow: 0x13,
  transfer: 0x14,
  disposition: 0x15,
  detach: 0x16,
  end: 0x17,
  close: 0x18,
  saslInit: 0x41,
} as const;

export type Frame = {
  readonly isSasl: boolean;
  readonly channel: number;
  /** Undefined for an empty frame, which only says that somebody is there. */
  readonly code: number | undefined;
  readonly fields: readonly AmqpValue[];
  /** Of a transfer. */
  readonly payload: Buffer;
  /** The whole frame. */
  readonly bytes: Buffer;
};

const headerBytes = 8;

/**
 * Cuts a stream of bytes into AMQP frames and reads what each says. Holds at most one frame and what came with its
 * end; nothing is put together before it is whole, so that a peer that sends single bytes costs no more.
 */
export class FrameReader {
  readonly #frameBytesMax: number;
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = headerBytes;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Bytes that were pushed and not taken. */
  get waitingBytes(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The eight bytes of a protocol header, once they are there. */
  takeHeader(): Buffer | undefined {
    if (this.#length < headerBytes) return undefined;
    return this.#take(headerBytes);
  }

  /** The next frame, once it is whole. Throws AmqpViolation. */
  next(): Frame | undefined {
    if (this.#length < this.#needed) return undefined;
    const size = this.#joined().readUInt32BE(0);
    if (size < headerBytes)
      throw new AmqpViolation('amqp:connection:framing-error', `A frame has at least ${headerBytes} bytes.`);
    if (size > this.#frameBytesMax) {
      throw new AmqpViolation('amqp:connection:framing-error', `A frame has at most ${this.#frameBytesMax} bytes.`);
    }
    this.#needed = size;
    if (this.#length < size) return undefined;
    this.#needed = headerBytes;
    return readFrame(this.#take(size));
  }

  #take(count: number): Buffer {
    const all = this.#joined();
    this.#length -= count;
    this.#chunks = this.#length === 0 ? [] : [all.subarray(count)];
    return all.subarray(0, count);
  }

  #joined(): Buffer {
    const [only] = this.#chunks;
    if (this.#chunks.length === 1 && only) return only;
    const all = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [all];
    return all;
  }
}

function readFrame(bytes: Buffer): Frame {
  const offset = bytes.readUInt8(4) * 4;
  const type = bytes.readUInt8(5);
  if (offset < headerBytes || offset > bytes.length || type > 1) {
    throw new AmqpViolation('amqp:connection:framing-error', 'A frame has an odd header.');
  }
  const isSasl = type === 1;
  const channel = isSasl ? 0 : bytes.readUInt16BE(6);
  const payload = bytes.subarray(bytes.length);
  if (offset === bytes.length) return { isSasl, channel, code: undefined, fields: [], payload, bytes };
  const reader = new ValueReader(bytes, offset);
  const body = reader.read();
  if (!(body instanceof Described) || typeof body.descriptor !== 'number' || !Array.isArray(body.value)) {
    throw new AmqpViolation('amqp:decode-error', 'A frame has no performative.');
  }
  return { isSasl, channel, code: body.descriptor, fields: body.value, payload: bytes.subarray(reader.at), bytes };
}
