import { assert } from '#base/assert.ts';
import { packetType, type ServerPublish, type Subscription, type Will } from './packet.ts';

const textBytesMax = 65_535;
const bufferBytesMin = 64;

/** What a client says in its CONNECT. */
export type ConnectFields = {
  readonly clientId: string;
  readonly userName?: string;
  readonly password?: Buffer;
  readonly keepAliveSeconds: number;
  readonly cleanSession: boolean;
  readonly will?: Will;
};

/**
 * Collects packets until they are taken, as one buffer for one write. Between `take` and the next
 * packet it holds no memory: most sessions are silent most of the time.
 */
export class PacketWriter {
  #buffer: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Everything written since the last call; the caller owns it. */
  take(): Buffer | undefined {
    const buffer = this.#buffer;
    if (!buffer) return undefined;
    const taken = buffer.subarray(0, this.#length);
    this.#buffer = undefined;
    this.#length = 0;
    return taken;
  }

  connect(fields: ConnectFields): void {
    const { clientId, userName, password, will } = fields;
    const body =
      10 +
      textBytes(clientId) +
      (will ? textBytes(will.topic) + 2 + will.payload.length : 0) +
      (userName === undefined ? 0 : textBytes(userName)) +
      (password === undefined ? 0 : 2 + password.length);
    this.#header(packetType.connect << 4, body);
    this.#text('MQTT');
    this.#byte(4);
    this.#byte(
      (userName === undefined ? 0 : 0x80) |
        (password === undefined ? 0 : 0x40) |
        (will ? 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0) : 0) |
        (fields.cleanSession ? 0x02 : 0),
    );
    this.#uint16(fields.keepAliveSeconds);
    this.#text(clientId);
    if (will) {
      this.#text(will.topic);
      this.#binary(will.payload);
    }
    if (userName !== undefined) this.#text(userName);
    if (password !== undefined) this.#binary(password);
  }

  connack(sessionPresent: boolean, code: number): void {
    this.#header(packetType.connack << 4, 2);
    this.#byte(sessionPresent ? 1 : 0);
    this.#byte(code);
  }

  publish(packet: ServerPublish, packetId: number): void {
    const { topic, payload, qos } = packet;
    const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
    const flags = (packet.dup === true ? 0x08 : 0) | (qos << 1) | (packet.retain === true ? 1 : 0);
    this.#header((packetType.publish << 4) | flags, textBytes(topic) + (qos === 0 ? 0 : 2) + payloadBytes);
    this.#text(topic);
    if (qos !== 0) this.#uint16(packetId);
    if (typeof payload === 'string') this.#length += this.#room().write(payload, this.#length);
    else {
      this.#room().set(payload, this.#length);
      this.#length += payloadBytes;
    }
  }

  puback(packetId: number): void {
    this.acknowledge(packetType.puback << 4, packetId);
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte. */
  acknowledge(first: number, packetId: number): void {
    const buffer = this.#reserve(4);
    let at = this.#length;
    buffer[at++] = first;
    buffer[at++] = 2;
    buffer[at++] = packetId >> 8;
    buffer[at++] = packetId & 0xff;
    this.#length = at;
  }

  subscribe(packetId: number, filters: readonly Subscription[]): void {
    let body = 2;
    for (const { filter } of filters) body += textBytes(filter) + 1;
    this.#header((packetType.subscribe << 4) | 2, body);
    this.#uint16(packetId);
    for (const { filter, qos } of filters) {
      this.#text(filter);
      this.#byte(qos);
    }
  }

  suback(packetId: number, codes: readonly number[]): void {
    this.#header(packetType.suback << 4, 2 + codes.length);
    this.#uint16(packetId);
    for (const code of codes) this.#byte(code);
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    let body = 2;
    for (const filter of filters) body += textBytes(filter);
    this.#header((packetType.unsubscribe << 4) | 2, body);
    this.#uint16(packetId);
    for (const filter of filters) this.#text(filter);
  }

  unsuback(packetId: number): void {
    this.#header(packetType.unsuback << 4, 2);
    this.#uint16(packetId);
  }

  /** PINGREQ, PINGRESP or DISCONNECT: the packets without a body. */
  empty(type: number): void {
    this.#header(type << 4, 0);
  }

  /** Writes a fixed header and makes room for the body. */
  #header(first: number, body: number): void {
    this.#reserve(5 + body);
    this.#byte(first);
    let rest = body;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  #byte(value: number): void {
    this.#room()[this.#length++] = value;
  }

  #uint16(value: number): void {
    this.#length = this.#room().writeUInt16BE(value, this.#length);
  }

  #text(text: string): void {
    this.#uint16(textBytes(text) - 2);
    this.#length += this.#room().write(text, this.#length);
  }

  #binary(bytes: Buffer): void {
    assert(bytes.length <= textBytesMax, 'a binary field holds at most 65,535 bytes');
    this.#uint16(bytes.length);
    this.#length += bytes.copy(this.#room(), this.#length);
  }

  #room(): Buffer {
    const buffer = this.#buffer;
    assert(buffer, 'a packet begins with its header');
    return buffer;
  }

  #reserve(bytes: number): Buffer {
    const buffer = this.#buffer;
    const needed = this.#length + bytes;
    if (buffer && buffer.length >= needed) return buffer;
    const grown = Buffer.allocUnsafe(Math.max(bufferBytesMin, needed, 2 * (buffer?.length ?? 0)));
    buffer?.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    return grown;
  }
}

/** Bytes of a text with its length in front. */
function textBytes(text: string): number {
  const bytes = Buffer.byteLength(text);
  assert(bytes <= textBytesMax, 'a text field holds at most 65,535 bytes');
  return 2 + bytes;
}
