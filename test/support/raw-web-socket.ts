import { Duplex } from 'node:stream';

export type Frame = { opcode: number; isFinal: boolean; payload: Buffer };

/** RFC 6455 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const deadlineMs = 10_000;
/** An MQTT client waits as long as it likes. */
const idleMsMax = 300_000;
const maskingKey = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** The bytes of one frame as a client sends it: masked, unless the test wants to break that rule too. */
export function clientFrame(
  payload: Buffer | string,
  { opcode = opcodes.binary, isFinal = true, isMasked = true }: { opcode?: number; isFinal?: boolean; isMasked?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(payload);
  const length = bytes.length;
  const size = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(2 + size);
  header[0] = (isFinal ? 0x80 : 0) | opcode;
  header[1] = (isMasked ? 0x80 : 0) | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) header.writeUInt16BE(length, 2);
  if (size === 8) header.writeBigUInt64BE(BigInt(length), 2);
  if (!isMasked) return Buffer.concat([header, bytes]);
  return Buffer.concat([header, maskingKey, bytes.map((byte, index) => byte ^ (maskingKey[index % 4] ?? 0))]);
}

/** The handshake request of a client, header lines in its own spelling. */
export function handshake(path: string, lines: readonly string[]): string {
  return `${[`GET ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`;
}

/** A WebSocket client that writes and reads bytes itself, over a socket that is open. */
export class RawWebSocket {
  readonly socket: Duplex;
  #unread = Buffer.alloc(0);
  #isEnded = false;
  #wake = Promise.withResolvers<void>();

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#note(() => (this.#unread = Buffer.concat([this.#unread, chunk]))));
    socket.on('error', () => {});
    for (const event of ['end', 'close']) socket.on(event, () => this.#note(() => (this.#isEnded = true)));
  }

  /** How many bytes came that no call has taken. */
  get unreadBytes(): number {
    return this.#unread.length;
  }

  write(bytes: Buffer | string): void {
    this.socket.write(bytes);
  }

  /** Sends a request and gives the head of the answer, byte for byte as it came. */
  async ask(request: string | Buffer): Promise<string> {
    this.write(request);
    const head = await this.#take('an answer to the handshake', (bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      return end < 0 ? undefined : end + 4;
    });
    return head.toString('latin1');
  }

  /** The next frame of the server. */
  async next(waitMs = deadlineMs): Promise<Frame> {
    const bytes = await this.#take(
      'a frame',
      (unread) => {
        const size = unread.length < 2 ? 0 : headerBytes(unread);
        if (size === 0 || unread.length < size) return undefined;
        const end = size + payloadBytes(unread);
        return unread.length < end ? undefined : end;
      },
      waitMs,
    );
    const [first = 0, second = 0] = bytes;
    if (second & 0x80) throw new Error('a server must not mask its frames');
    return { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload: bytes.subarray(headerBytes(bytes)) };
  }

  /** What else came until the server ended the connection. */
  async rest(): Promise<string> {
    await this.#until('the end of the connection', () => this.#isEnded || undefined);
    return this.#unread.toString('latin1');
  }

  /** The payloads as a stream of bytes, for an MQTT client. */
  stream(): Duplex {
    const stream = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.write(clientFrame(chunk));
        done();
      },
      final: (done) => {
        this.write(clientFrame(Buffer.from([0x03, 0xe8]), { opcode: opcodes.close }));
        done();
      },
      destroy: (error, done) => {
        this.socket.end();
        done(error);
      },
    });
    const forward = async () => {
      for (;;) {
        const { opcode, payload } = await this.next(idleMsMax);
        if (opcode === opcodes.close) break;
        stream.push(payload);
      }
      stream.push(null);
      // Answers the close frame with one.
      stream.end();
    };
    forward().catch(() => stream.destroy());
    return stream;
  }

  #note(change: () => void): void {
    change();
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async #take(what: string, endOf: (bytes: Buffer) => number | undefined, waitMs = deadlineMs): Promise<Buffer> {
    const end = await this.#until(what, () => endOf(this.#unread), waitMs);
    const taken = this.#unread.subarray(0, end);
    this.#unread = this.#unread.subarray(end);
    return taken;
  }

  async #until<T>(what: string, read: () => T | undefined, waitMs = deadlineMs): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`${what} did not come`)), waitMs);
    try {
      for (;;) {
        const found = read();
        if (found !== undefined) return found;
        if (this.#isEnded) throw new Error(`the connection ended before ${what}`);
        await Promise.race([this.#wake.promise, late.promise]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function headerBytes(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  return short === 126 ? 4 : short === 127 ? 10 : 2;
}

function payloadBytes(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  return short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
}
