import type { Duplex } from 'node:stream';
import * as encode from '#wire/amqp/encode.ts';
import { type Frame, FrameReader, performative } from '#wire/amqp/frame-reader.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader, saslHeader } from '#wire/amqp/sasl.ts';
import { type AmqpValue, Described } from '#wire/amqp/value.ts';

export function uint(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = 0x70;
  bytes.writeUInt32BE(value, 1);
  return bytes;
}

export const yes = Buffer.from([0x41]);
export const no = Buffer.from([0x42]);
export const nothing = encode.nullValue;

type FrameParts = { channel?: number; payload?: Buffer; type?: number };

const none: Buffer = Buffer.alloc(0);

export type AttachOptions = {
  handle: number;
  address: string;
  /** The client sends on it. */
  isSender: boolean;
  name?: string;
  channel?: number;
  sndSettleMode?: number;
  rcvSettleMode?: number;
  properties?: readonly (readonly [string, string])[];
  /** Of another type than text. */
  typedProperties?: readonly (readonly [string, Buffer])[];
  /** Of the source, encoded. */
  filter?: Buffer;
  /** Encoded. */
  desiredCapabilities?: Buffer;
};

export type TransferOptions = {
  handle: number;
  deliveryId: number;
  payload: Buffer;
  format?: number;
  channel?: number;
  isMore?: boolean;
  isSettled?: boolean;
};

/** An AMQP client that writes and reads frames itself, over any stream. */
export class AmqpTestClient {
  readonly stream: Duplex;
  /** Frames that no call has taken. */
  readonly frames: Frame[] = [];
  readonly headers: Buffer[] = [];
  isEnded = false;
  readonly #reader = new FrameReader(1024 * 1024);
  #headersDue = 1;
  #wake = Promise.withResolvers<void>();

  constructor(stream: Duplex) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk);
      this.#read();
      this.#tell();
    });
    const end = () => {
      this.isEnded = true;
      this.#tell();
    };
    stream.on('error', end);
    stream.on('end', end);
    stream.on('close', end);
  }

  write(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  send(code: number, fields: readonly Buffer[], { channel = 0, payload = none, type = 0 }: FrameParts = {}): void {
    this.write(frameOf(code, fields, { channel, payload, type }));
  }

  /** Without SASL: header, open, begin. */
  open({ hostName = 'home.example', idleMs }: { hostName?: string; idleMs?: number } = {}): void {
    this.write(amqpHeader);
    const idle = idleMs === undefined ? [] : [nothing, nothing, uint(idleMs)];
    this.send(performative.open, [encode.string('test'), encode.string(hostName), ...idle]);
    this.begin(0);
  }

  begin(channel: number): void {
    this.send(performative.begin, [nothing, uint(0), uint(1000), uint(1000)], { channel });
  }

  /** SASL, and a header for what comes behind it; resolves with the outcome. */
  async sasl(mechanism: string, response = Buffer.alloc(0)): Promise<AmqpValue | undefined> {
    this.write(saslHeader);
    const offered = await this.next(0x40);
    if (!Array.isArray(offered.fields[0])) throw new Error('The mechanisms are no array.');
    this.send(performative.saslInit, [encode.symbol(mechanism), encode.binary(response)], { type: 1 });
    const [outcome] = (await this.next(0x44)).fields;
    return outcome;
  }

  attach({ handle, address, isSender, name, channel = 0, properties = [], ...more }: AttachOptions): void {
    const { typedProperties = [], filter, desiredCapabilities = nothing, ...modes } = more;
    const behind = filter === undefined ? [] : [...Array.from({ length: 6 }, () => nothing), filter];
    const terminus = (code: number, text: string | undefined) =>
      encode.described(code, encode.list(text === undefined ? [] : [encode.string(text), ...(code === 0x28 ? behind : [])]));
    const mode = (value: number | undefined) => (value === undefined ? nothing : encode.ubyte(value));
    this.send(
      performative.attach,
      [
        encode.string(name ?? `link-${handle}`),
        uint(handle),
        isSender ? no : yes,
        mode(modes.sndSettleMode),
        mode(modes.rcvSettleMode),
        terminus(0x28, isSender ? undefined : address),
        terminus(0x29, isSender ? address : undefined),
        nothing,
        nothing,
        isSender ? uint(0) : nothing,
        nothing,
        nothing,
        desiredCapabilities,
        encode.map([
          ...properties.map(([key, value]) => [encode.symbol(key), encode.string(value)] as const),
          ...typedProperties.map(([key, value]) => [encode.symbol(key), value] as const),
        ]),
      ],
      { channel },
    );
  }

  /** Lets the server send `credit` messages on a link. */
  flow(handle: number, credit: number, channel = 0): void {
    const fields = [uint(0), uint(1000), uint(0), uint(1000), uint(handle), uint(0), uint(credit)];
    this.send(performative.flow, fields, { channel });
  }

  transfer({ handle, deliveryId, payload, format = 0, channel = 0, isMore = false, isSettled = false }: TransferOptions): void {
    const fields = [uint(handle), uint(deliveryId), encode.binary(Buffer.from([deliveryId])), uint(format)];
    this.send(performative.transfer, [...fields, isSettled ? yes : no, isMore ? yes : no], { channel, payload });
  }

  /** What became of deliveries of the server's, by id. */
  settle(deliveryId: number, outcome: number, { isSettled = true, channel = 0 } = {}): void {
    const state = encode.described(outcome, encode.list([]));
    const fields = [yes, uint(deliveryId), uint(deliveryId), isSettled ? yes : no, state];
    this.send(performative.disposition, fields, { channel });
  }

  /** Attaches both links of `$cbs`: handles 0 and 1. */
  cbs(): void {
    this.attach({ handle: 0, address: '$cbs', isSender: true });
    this.attach({ handle: 1, address: '$cbs', isSender: false });
    this.flow(1, 100);
  }

  putToken(deliveryId: number, token: string, name: string, messageId = encode.string(`t-${deliveryId}`)): void {
    const application = [
      ['operation', encode.string('put-token')],
      ['type', encode.string('servicebus.windows.net:sastoken')],
      ['name', encode.string(name)],
    ] as const;
    this.transfer({
      handle: 0,
      deliveryId,
      payload: encodeMessage({ properties: { messageId }, application, value: encode.string(token) }),
    });
  }

  /** The next frame, of the kind that is named; others before it are dropped. Rejects when the connection ends first. */
  async next(code: number, matches: (frame: Frame) => boolean = () => true): Promise<Frame> {
    const found = await this.#take(() => this.frames.findIndex((frame) => frame.code === code && matches(frame)));
    if (!found) throw new Error(`The connection ended before a frame 0x${code.toString(16)} came.`);
    return found;
  }

  /** Status and frame of the next answer in `$cbs`. */
  async cbsReply(): Promise<{
    status: AmqpValue | undefined;
    description: AmqpValue | undefined;
    correlationId: Buffer | undefined;
  }> {
    const { payload } = await this.next(performative.transfer);
    const { application, encodedCorrelationId } = decodeMessage(payload);
    return {
      status: application.get('status-code'),
      description: application.get('status-description'),
      correlationId: encodedCorrelationId,
    };
  }

  /** The condition of the next frame of this kind that carries an error. */
  async error(code: number): Promise<{ condition: AmqpValue | undefined; info: AmqpValue | undefined }> {
    return errorIn(await this.next(code));
  }

  async end(): Promise<void> {
    while (!this.isEnded) await this.#change();
  }

  /** Resolves when what came is enough, or the connection has ended. */
  async until(isEnough: () => boolean): Promise<void> {
    while (!isEnough() && !this.isEnded) await this.#change();
  }

  async #take(find: () => number): Promise<Frame | undefined> {
    for (;;) {
      const at = find();
      if (at >= 0) return this.frames.splice(0, at + 1).at(-1);
      if (this.isEnded) return undefined;
      await this.#change();
    }
  }

  #read(): void {
    for (;;) {
      if (this.headers.length < this.#headersDue) {
        const header = this.#reader.takeHeader();
        if (!header) return;
        this.headers.push(header);
        continue;
      }
      const frame = this.#reader.next();
      if (!frame) return;
      // A header comes again behind SASL.
      if (frame.code === 0x44) this.#headersDue += 1;
      this.frames.push(frame);
    }
  }

  #change(): Promise<void> {
    return this.#wake.promise;
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** The error that a detach, a disposition or a close carries. */
export function errorIn({ code, fields }: Frame): { condition: AmqpValue | undefined; info: AmqpValue | undefined } {
  const state = code === performative.disposition ? fields[4] : fields[code === performative.detach ? 2 : 0];
  const error = code === performative.disposition && state instanceof Described ? (state.value as AmqpValue[])[0] : state;
  const [condition, , info] = error instanceof Described ? (error.value as AmqpValue[]) : [];
  return { condition, info };
}

export function frameOf(
  code: number,
  fields: readonly Buffer[],
  { channel = 0, payload = none, type = 0 }: FrameParts = {},
): Buffer {
  const body = encode.described(code, encode.list(fields));
  const head = Buffer.from([0, 0, 0, 0, 2, type, channel >> 8, channel & 255]);
  head.writeUInt32BE(head.length + body.length + payload.length);
  return Buffer.concat([head, body, payload]);
}

/** The outcome in a disposition, by its code. */
export function outcomeOf({ fields }: Frame): number | string | undefined {
  return fields[4] instanceof Described ? fields[4].descriptor : undefined;
}

/** A frame whose body is these bytes. */
export function rawFrame(body: Buffer, { size = body.length + 8, offset = 2, type = 0 } = {}): Buffer {
  const head = Buffer.from([0, 0, 0, 0, offset, type, 0, 0]);
  head.writeUInt32BE(size);
  return Buffer.concat([head, body]);
}
