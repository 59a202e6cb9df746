import { isUtf8 } from 'node:buffer';
import {
  type ConnectPacket,
  type InboundPublish,
  MalformedPacket,
  protocolLevel311,
  type Qos,
  type Subscription,
  type Will,
} from './packet.ts';
import { checkTopicFilter, checkTopicName } from './topic-filter.ts';

/** Text of `buffer[start..end)`, well-formed UTF-8 without U+0000 [MQTT-1.5.3-1, MQTT-1.5.3-2]. A BOM is text [MQTT-1.5.3-3]. */
export function decodeText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end);
  // Node writes U+FFFD for what is not UTF-8, surrogates included; only then is it worth asking whether it stood there already.
  if (text.includes('\uFFFD') && !isUtf8(buffer.subarray(start, end))) {
    throw new MalformedPacket('MQTT-1.5.3-1', 'a text that is not UTF-8');
  }
  if (text.includes('\0')) throw new MalformedPacket('MQTT-1.5.3-2', 'a text with U+0000');
  return text;
}

/** Reads the fields of a variable header one after the other; running past the end is malformed. */
class FieldReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  #at: number;

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  byte(): number {
    this.#need(1);
    return this.#buffer[this.#at++] as number;
  }

  uint16(): number {
    this.#need(2);
    this.#at += 2;
    return this.#buffer.readUInt16BE(this.#at - 2);
  }

  text(): string {
    const length = this.uint16();
    this.#need(length);
    this.#at += length;
    return decodeText(this.#buffer, this.#at - length, this.#at);
  }

  /** A copy, so that it may be kept. */
  binary(): Buffer {
    const length = this.uint16();
    this.#need(length);
    this.#at += length;
    return Buffer.from(this.#buffer.subarray(this.#at - length, this.#at));
  }

  packetId(): number {
    const id = this.uint16();
    if (id === 0) throw new MalformedPacket('MQTT-2.3.1-1', 'packet identifier 0');
    return id;
  }

  expectEnd(packet: string): void {
    if (!this.isAtEnd) throw new MalformedPacket('MQTT-4.8.0-1', `${packet} is longer than its fields`);
  }

  #need(length: number): void {
    if (this.#at + length > this.#end) throw new MalformedPacket('MQTT-4.8.0-1', 'a packet shorter than its fields');
  }
}

/** Complains unless the lower half of a first byte is what its type requires [MQTT-2.2.2-2]. */
export function checkFlags(first: number, required: number): void {
  if ((first & 0x0f) !== required) throw new MalformedPacket('MQTT-2.2.2-2', 'reserved header flags are wrong');
}

/** Complains about a PINGREQ, PINGRESP or DISCONNECT that has a body. */
export function checkEmpty(start: number, end: number): void {
  if (start !== end) throw new MalformedPacket('MQTT-4.8.0-1', 'a packet that has no body came with one');
}

/** A CONNECT, or undefined when it is of another protocol or level: nothing behind those two fields can be relied on. */
export function decodeConnect(buffer: Buffer, first: number, start: number, end: number): ConnectPacket | undefined {
  checkFlags(first, 0);
  const fields = new FieldReader(buffer, start, end);
  const protocolName = fields.text();
  const protocolLevel = fields.byte();
  if (protocolName !== 'MQTT' || protocolLevel !== protocolLevel311) return undefined;
  const flags = fields.byte();
  if (flags & 0x01) throw new MalformedPacket('MQTT-3.1.2-3', 'the reserved CONNECT flag is set');
  const hasWill = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 0x03;
  if (!hasWill && willQos !== 0) throw new MalformedPacket('MQTT-3.1.2-13', 'a will QoS without a will');
  if (!hasWill && flags & 0x20) throw new MalformedPacket('MQTT-3.1.2-15', 'will retain without a will');
  if (willQos === 3) throw new MalformedPacket('MQTT-3.1.2-14', 'will QoS 3');
  const hasUserName = (flags & 0x80) !== 0;
  const hasPassword = (flags & 0x40) !== 0;
  if (hasPassword && !hasUserName) throw new MalformedPacket('MQTT-3.1.2-22', 'a password without a user name');
  const keepAliveSeconds = fields.uint16();
  const clientId = fields.text();
  const will: Will | undefined = hasWill
    ? { topic: fields.text(), payload: fields.binary(), qos: willQos as Qos, retain: (flags & 0x20) !== 0 }
    : undefined;
  const userName = hasUserName ? fields.text() : undefined;
  const password = hasPassword ? fields.binary() : undefined;
  fields.expectEnd('CONNECT');
  return {
    protocolName,
    protocolLevel,
    cleanSession: (flags & 0x02) !== 0,
    keepAliveSeconds,
    clientId,
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
    ...(will === undefined ? {} : { will }),
  };
}

/** The packet id of an acknowledgement; PUBREL alone has other flags [MQTT-3.6.1-1]. */
export function decodePacketId(buffer: Buffer, first: number, start: number, end: number, flags = 0): number {
  checkFlags(first, flags);
  const fields = new FieldReader(buffer, start, end);
  const id = fields.packetId();
  fields.expectEnd('an acknowledgement');
  return id;
}

export type SubscribePacket = { readonly packetId: number; readonly filters: readonly Subscription[] };

export function decodeSubscribe(buffer: Buffer, first: number, start: number, end: number, filtersMax: number): SubscribePacket {
  checkFlags(first, 2);
  const fields = new FieldReader(buffer, start, end);
  const packetId = fields.packetId();
  const filters: Subscription[] = [];
  while (!fields.isAtEnd) {
    const filter = fields.text();
    checkTopicFilter(filter);
    const qos = fields.byte();
    if (qos > 2) throw new MalformedPacket('MQTT-3.8.3-4', 'a requested QoS with reserved bits');
    filters.push({ filter, qos: qos as Qos });
    checkFilterCount(filters.length, filtersMax);
  }
  if (filters.length === 0) throw new MalformedPacket('MQTT-3.8.3-3', 'SUBSCRIBE without a filter');
  return { packetId, filters };
}

export type UnsubscribePacket = { readonly packetId: number; readonly filters: readonly string[] };

export function decodeUnsubscribe(
  buffer: Buffer,
  first: number,
  start: number,
  end: number,
  filtersMax: number,
): UnsubscribePacket {
  checkFlags(first, 2);
  const fields = new FieldReader(buffer, start, end);
  const packetId = fields.packetId();
  const filters: string[] = [];
  while (!fields.isAtEnd) {
    const filter = fields.text();
    checkTopicFilter(filter);
    filters.push(filter);
    checkFilterCount(filters.length, filtersMax);
  }
  if (filters.length === 0) throw new MalformedPacket('MQTT-3.10.3-2', 'UNSUBSCRIBE without a filter');
  return { packetId, filters };
}

function checkFilterCount(count: number, max: number): void {
  if (count > max) throw new MalformedPacket('MQTT-4.8.0-1', `more than ${max} filters in one packet`);
}

/** CONNACK: the two facts it states. */
export function decodeConnack(
  buffer: Buffer,
  first: number,
  start: number,
  end: number,
): { sessionPresent: boolean; code: number } {
  checkFlags(first, 0);
  const fields = new FieldReader(buffer, start, end);
  const flags = fields.byte();
  const code = fields.byte();
  fields.expectEnd('CONNACK');
  if (flags > 1) throw new MalformedPacket('MQTT-4.8.0-1', 'reserved CONNACK flags are set');
  if (code !== 0 && flags !== 0) throw new MalformedPacket('MQTT-3.2.2-4', 'a refusing CONNACK with a session');
  return { sessionPresent: flags === 1, code };
}

/** SUBACK: a code per filter. */
export function decodeSuback(buffer: Buffer, first: number, start: number, end: number): { packetId: number; codes: number[] } {
  checkFlags(first, 0);
  const fields = new FieldReader(buffer, start, end);
  const packetId = fields.packetId();
  const codes: number[] = [];
  while (!fields.isAtEnd) {
    const code = fields.byte();
    if (code > 2 && code !== 0x80) throw new MalformedPacket('MQTT-3.9.3-2', 'a reserved SUBACK code');
    codes.push(code);
  }
  return { packetId, codes };
}

/**
 * The PUBLISH under the reader's eye: one object per session, filled again for every message, so
 * that a message costs no allocation here but its payload's view, and that only if somebody looks.
 *
 * Devices send on one topic over and over; while the bytes are the same, so is the string, and
 * whoever keeps an answer per topic can compare by identity.
 */
export class PublishView implements InboundPublish {
  topic = '';
  qos: Qos = 0;
  retain = false;
  dup = false;
  packetId = 0;
  #isTopicAscii = false;
  #buffer: Buffer | undefined;
  #payloadStart = 0;
  #payloadEnd = 0;

  get payload(): Buffer {
    if (!this.#buffer) throw new Error('a publish was used after the call that handed it on');
    return this.#buffer.subarray(this.#payloadStart, this.#payloadEnd);
  }

  get payloadBytes(): number {
    return this.#payloadEnd - this.#payloadStart;
  }

  /** Reads a PUBLISH. Whether QoS 2 is spoken is its caller's to know. */
  read(buffer: Buffer, first: number, start: number, end: number): void {
    const qos = (first >> 1) & 0x03;
    if (qos === 3) throw new MalformedPacket('MQTT-3.3.1-4', 'PUBLISH with QoS 3');
    const dup = (first & 0x08) !== 0;
    if (qos === 0 && dup) throw new MalformedPacket('MQTT-3.3.1-2', 'a duplicate PUBLISH with QoS 0');
    const topicStart = start + 2;
    if (topicStart > end) throw new MalformedPacket('MQTT-4.8.0-1', 'PUBLISH without a topic');
    const topicEnd = topicStart + (((buffer[start] as number) << 8) | (buffer[start + 1] as number));
    const payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
    if (payloadStart > end) throw new MalformedPacket('MQTT-4.8.0-1', 'PUBLISH shorter than its fields');
    const packetId = qos === 0 ? 0 : ((buffer[topicEnd] as number) << 8) | (buffer[topicEnd + 1] as number);
    if (qos !== 0 && packetId === 0) throw new MalformedPacket('MQTT-2.3.1-1', 'packet identifier 0');
    if (!this.#isSameTopic(buffer, topicStart, topicEnd)) {
      const topic = decodeText(buffer, topicStart, topicEnd);
      checkTopicName(topic);
      this.topic = topic;
      this.#isTopicAscii = topic.length === topicEnd - topicStart;
    }
    this.qos = qos as Qos;
    this.dup = dup;
    this.retain = (first & 0x01) !== 0;
    this.packetId = packetId;
    this.#buffer = buffer;
    this.#payloadStart = payloadStart;
    this.#payloadEnd = end;
  }

  /** Lets go of the chunk; `payload` throws from here on. */
  release(): void {
    this.#buffer = undefined;
  }

  #isSameTopic(buffer: Buffer, start: number, end: number): boolean {
    const topic = this.topic;
    if (!this.#isTopicAscii || topic.length !== end - start) return false;
    // From the back: where topics of one device differ, they differ at the end.
    for (let index = topic.length - 1; index >= 0; index--) {
      if (topic.charCodeAt(index) !== buffer[start + index]) return false;
    }
    return true;
  }
}
