import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** The handshake or the connection ended before it was whole. `alert` is the server's, when it said one. */
export class TlsRefused extends Error {
  readonly alert: number | undefined;

  constructor(alert: number | undefined, where: string) {
    super(alert === undefined ? `the connection was closed ${where}` : `alert ${alert} ${where}`);
    this.alert = alert;
  }
}

export type RawTlsOptions = {
  readonly host: string;
  readonly port: number;
  /** The bytes of its Certificate message, leaf first, whatever they are. */
  readonly certificates: readonly Buffer[];
  /** Signs what proves that it holds the leaf's key: P-256 or RSA. */
  readonly key: KeyObject;
};

const type = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23 } as const;
const step = {
  clientHello: 1,
  serverHello: 2,
  serverKeyExchange: 12,
  serverHelloDone: 14,
  certificate: 11,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;
const version = Buffer.of(3, 3);
/** ECDHE with ECDSA or RSA and AES-128-GCM-SHA256. */
const cipherSuites = Buffer.from('c02bc02f', 'hex');
const p256 = Buffer.of(0, 23);
const recordBytesMax = 16_384;
const deadlineMs = 10_000;

/**
 * A TLS 1.2 client that shows any bytes as its certificates, which no library's client does. It trusts every server: it
 * is for tests of what a server does with what it is shown. Throws TlsRefused when the server ends it.
 */
export async function openRawTls(options: RawTlsOptions): Promise<RawTls> {
  const client = new RawTls(options);
  try {
    await client.handshake();
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

export class RawTls {
  readonly #options: RawTlsOptions;
  readonly #socket: Socket;
  readonly #messages: Buffer[] = [];
  #input = Buffer.alloc(0);
  #handshakeInput = Buffer.alloc(0);
  #isEnded = false;
  #wake = Promise.withResolvers<void>();
  #sealing: Direction | undefined;
  #opening: Direction | undefined;

  constructor(options: RawTlsOptions) {
    this.#options = options;
    this.#socket = connect({ host: options.host, port: options.port, noDelay: true });
    this.#socket.setTimeout(deadlineMs, () => this.#socket.destroy());
    this.#socket.on('data', (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#tell();
    });
    // What ends it is seen where the next record is missing.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#isEnded = true;
      this.#tell();
    });
  }

  async handshake(): Promise<void> {
    const clientRandom = randomBytes(32);
    this.#sendHandshake(
      step.clientHello,
      Buffer.concat([version, clientRandom, Buffer.of(0), sized(2, cipherSuites), Buffer.of(1, 0), helloExtensions()]),
    );
    const serverRandom = (await this.#expect(step.serverHello)).subarray(2, 34);
    const exchange = await this.#expect(step.serverKeyExchange);
    await this.#expect(step.serverHelloDone);
    const pointBytes = exchange[3] ?? 0;
    const ecdh = createECDH('prime256v1');
    const ownPoint = ecdh.generateKeys();
    const secret = ecdh.computeSecret(exchange.subarray(4, 4 + pointBytes));
    const { certificates, key } = this.#options;
    // One write for the whole flight, as clients do that buffer it: see docs/internals/path-validation.md, what Node adds.
    this.#socket.cork();
    this.#sendHandshake(step.certificate, sized(3, ...certificates.map((der) => sized(3, der))));
    this.#sendHandshake(step.clientKeyExchange, sized(1, ownPoint));
    if (certificates.length > 0) {
      const algorithm = Buffer.of(4, key.asymmetricKeyType === 'rsa' ? 1 : 3);
      const proof = sign('sha256', Buffer.concat(this.#messages), key);
      this.#sendHandshake(step.certificateVerify, Buffer.concat([algorithm, sized(2, proof)]));
    }
    const master = derive(secret, 'master secret', Buffer.concat([clientRandom, serverRandom]), 48);
    const keys = derive(master, 'key expansion', Buffer.concat([serverRandom, clientRandom]), 40);
    this.#sendRecord(type.changeCipherSpec, Buffer.of(1));
    this.#sealing = { key: keys.subarray(0, 16), salt: keys.subarray(32, 36), sequence: 0n };
    const digest = createHash('sha256').update(Buffer.concat(this.#messages)).digest();
    this.#sendHandshake(step.finished, derive(master, 'client finished', digest, 12));
    this.#socket.uncork();
    this.#opening = { key: keys.subarray(16, 32), salt: keys.subarray(36, 40), sequence: 0n };
    await this.#expect(step.finished);
  }

  write(data: Buffer): void {
    this.#sendRecord(type.data, data);
  }

  /** The next piece of what the server sends. */
  async read(): Promise<Buffer> {
    for (;;) {
      const record = await this.#nextRecord('before an answer');
      if (record.type === type.data && record.content.length > 0) return record.content;
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The next handshake message of this kind; others on the way count for the transcript alone. */
  async #expect(kind: number): Promise<Buffer> {
    for (;;) {
      const { length } = this.#handshakeInput;
      const size = length < 4 ? undefined : 4 + this.#handshakeInput.readUIntBE(1, 3);
      if (size === undefined || length < size) {
        const record = await this.#nextRecord('in the handshake');
        if (record.type === type.handshake) this.#handshakeInput = Buffer.concat([this.#handshakeInput, record.content]);
        continue;
      }
      const message = this.#handshakeInput.subarray(0, size);
      this.#handshakeInput = this.#handshakeInput.subarray(size);
      this.#messages.push(message);
      if (message[0] === kind) return message.subarray(4);
    }
  }

  async #nextRecord(where: string): Promise<{ type: number; content: Buffer }> {
    for (;;) {
      const size = this.#input.length < 5 ? undefined : 5 + this.#input.readUInt16BE(3);
      if (size === undefined || this.#input.length < size) {
        if (this.#isEnded) throw new TlsRefused(undefined, where);
        await this.#wake.promise;
        continue;
      }
      const kind = this.#input[0] ?? 0;
      const sealed = this.#input.subarray(5, size);
      this.#input = this.#input.subarray(size);
      // Records are sealed from the server's ChangeCipherSpec on; an alert before that is plain, and two bytes long.
      const isPlain = !this.#opening || kind === type.changeCipherSpec || (kind === type.alert && sealed.length === 2);
      const content = isPlain ? sealed : open(this.#opening as Direction, kind, sealed);
      if (kind === type.alert) throw new TlsRefused(content[1] ?? 0, where);
      return { type: kind, content };
    }
  }

  #sendHandshake(kind: number, body: Buffer): void {
    const message = Buffer.concat([Buffer.of(kind), sized(3, body)]);
    this.#messages.push(message);
    this.#sendRecord(type.handshake, message);
  }

  #sendRecord(kind: number, content: Buffer): void {
    for (let at = 0; at < content.length; at += recordBytesMax) {
      const part = content.subarray(at, at + recordBytesMax);
      const body = this.#sealing ? seal(this.#sealing, kind, part) : part;
      if (this.#socket.writable) this.#socket.write(Buffer.concat([Buffer.of(kind), version, sized(2, body)]));
    }
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** The keys of one direction. */
type Direction = { readonly key: Buffer; readonly salt: Buffer; sequence: bigint };

function headerOf(direction: Direction, kind: number, length: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeBigUInt64BE(direction.sequence++, 0);
  header.set([kind, 3, 3, length >> 8, length & 0xff], 8);
  return header;
}

function seal(direction: Direction, kind: number, content: Buffer): Buffer {
  const header = headerOf(direction, kind, content.length);
  const explicit = header.subarray(0, 8);
  const cipher = createCipheriv('aes-128-gcm', direction.key, Buffer.concat([direction.salt, explicit]));
  cipher.setAAD(header);
  return Buffer.concat([explicit, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

function open(direction: Direction, kind: number, sealed: Buffer): Buffer {
  const header = headerOf(direction, kind, sealed.length - 24);
  const decipher = createDecipheriv('aes-128-gcm', direction.key, Buffer.concat([direction.salt, sealed.subarray(0, 8)]));
  decipher.setAAD(header);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(8, -16)), decipher.final()]);
}

/** What stands behind its own length, which has so many bytes. */
function sized(lengthBytes: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

function helloExtensions(): Buffer {
  const extension = (number: number, body: Buffer) => Buffer.concat([Buffer.of(0, number), sized(2, body)]);
  const algorithms = Buffer.from('04030401080405030501', 'hex');
  return sized(2, extension(10, sized(2, p256)), extension(11, sized(1, Buffer.of(0))), extension(13, sized(2, algorithms)));
}

/** The pseudorandom function of TLS 1.2, RFC 5246 5. */
function derive(secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const hmac = (...parts: readonly Buffer[]) => createHmac('sha256', secret).update(Buffer.concat(parts)).digest();
  const whole = Buffer.concat([Buffer.from(label), seed]);
  let output = Buffer.alloc(0);
  for (let a = hmac(whole); output.length < length; a = hmac(a)) output = Buffer.concat([output, hmac(a, whole)]);
  return output.subarray(0, length);
}
