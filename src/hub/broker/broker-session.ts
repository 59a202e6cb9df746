import type { Platform } from '#base/platform.ts';
import type { Qos } from '#wire/mqtt/packet.ts';
import type { MqttServerSession } from '#wire/mqtt/server-session.ts';
import { type BrokerMessage, messageBytes } from './broker-message.ts';
import type { KeptSession } from './broker-store.ts';
import type { Journal } from './journal.ts';
import { type BrokerLimits, ownShareBytes } from './limits.ts';

/** What the sessions of one broker share. */
export type SessionSurroundings = {
  readonly platform: Platform;
  readonly journal: Journal;
  readonly limits: BrokerLimits;
  /** Bytes that wait in all sessions together. */
  readonly queued: { bytes: number };
};

/** The connection of a session, as far as messages go. */
export type SessionLink = Pick<MqttServerSession, 'publish' | 'release' | 'complete' | 'isClosed' | 'isCongested'>;

/** A message on its way to the client. */
type Outgoing = {
  /** 0 for QoS 0. */
  readonly sequence: number;
  readonly packetId: number;
  readonly qos: Qos;
  readonly isRetained: boolean;
  message: BrokerMessage;
  /** PUBREC arrived: what is sent is PUBREL. */
  isReleased: boolean;
  /** Under way on an earlier connection or on this one: sent again it is a duplicate [MQTT-3.3.1-1]. */
  wasSent: boolean;
  /** Under way on the present connection. */
  isOut: boolean;
  /** On disk, where the session is kept: before that, a crash could give its packet id to another message. */
  isSafe: boolean;
};

/** How many messages of an earlier process may have been under way: the wire's window. */
const windowMax = 50;
const packetIdMax = 65_535;

/**
 * The session of one client as MQTT 3.1.1 means it (section 4.1): subscriptions, what waits for the client, what is
 * under way to it, and which QoS 2 messages of its own are not released. A kept one outlives its connections, and
 * what it holds is on disk before anybody is told so; the other ends with its connection.
 */
export class BrokerSession {
  readonly clientId: string;
  readonly generationId: string;
  readonly isKept: boolean;
  readonly #with: SessionSurroundings;
  readonly #subscriptions = new Map<string, Qos>();
  readonly #queue: Outgoing[] = [];
  readonly #received = new Set<number>();
  #levels = 0;
  #bytes = 0;
  #sequence = 0;
  #link: SessionLink | undefined;
  #isOverflowing = false;

  constructor(surroundings: SessionSurroundings, of: { clientId: string; generationId: string; isKept: boolean }) {
    this.#with = surroundings;
    this.clientId = of.clientId;
    this.generationId = of.generationId;
    this.isKept = of.isKept;
  }

  /** One that an earlier process left. */
  static restore(surroundings: SessionSurroundings, kept: KeptSession): BrokerSession {
    const { clientId, generationId } = kept;
    const session = new BrokerSession(surroundings, { clientId, generationId, isKept: true });
    for (const [filter, qos] of kept.subscriptions) session.subscribed(filter, qos);
    for (const packetId of kept.received) session.#received.add(packetId);
    for (const [index, { sequence, message, isRetained, isReleased }] of kept.messages.entries()) {
      session.#sequence = sequence;
      const wasSent = index < windowMax;
      session.#add({ ...outgoing(sequence, message, message.qos, isRetained), isReleased, wasSent, isSafe: true });
    }
    return session;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** By filter, with the granted QoS. */
  get subscriptions(): ReadonlyMap<string, Qos> {
    return this.#subscriptions;
  }

  /** Levels of all its filters together. */
  get levels(): number {
    return this.#levels;
  }

  subscribed(filter: string, qos: Qos): void {
    if (!this.#subscriptions.has(filter)) this.#levels += levelsOf(filter);
    this.#subscriptions.set(filter, qos);
  }

  unsubscribed(filter: string): void {
    if (this.#subscriptions.delete(filter)) this.#levels -= levelsOf(filter);
  }

  /** Whether as much waits in all sessions together as may. */
  get isCrowded(): boolean {
    return this.#with.queued.bytes >= this.#with.limits.queuedBytesMax;
  }

  /** Whether so little waits that a subscription may add `bytes` of what is retained. */
  mayAddRetained(bytes: number): boolean {
    const { queueMessagesMax, queueBytesMax } = this.#with.limits;
    if (this.#queue.length >= queueMessagesMax || this.#bytes >= queueBytesMax) return false;
    return !this.isCrowded || this.#bytes + bytes <= ownShareBytes;
  }

  /** The connection may be written to: what is under way goes out again, in order, then what waits [MQTT-4.4.0-1]. */
  attach(link: SessionLink): void {
    this.#link = link;
    for (const entry of this.#queue) entry.isOut = false;
    this.pump();
  }

  /** The connection is gone, and with it what it was to get with QoS 0. */
  detach(): void {
    this.#link = undefined;
    for (let index = this.#queue.length - 1; index >= 0; index--) if (this.#queue[index]?.qos === 0) this.#remove(index);
  }

  /** Forgets everything, on disk too. */
  discard(): void {
    const { clientId } = this;
    for (const { sequence } of this.#queue) this.#write({ kind: 'message-gone', clientId, sequence });
    for (const packetId of this.#received) this.#write({ kind: 'received-gone', clientId, packetId });
    this.#write({ kind: 'session-gone', clientId });
    this.#with.queued.bytes -= this.#bytes;
    this.#queue.length = 0;
    this.#bytes = 0;
    this.#received.clear();
    this.#subscriptions.clear();
    this.#levels = 0;
  }

  /** Writes what the session is, without its messages: when it begins, and after its subscriptions changed. */
  save(): void {
    const { clientId, generationId } = this;
    this.#write({ kind: 'session', clientId, generationId, subscriptions: [...this.#subscriptions] });
  }

  /**
   * Sends `message` with at most `qos`, now or when there is a connection and room. What a new subscription finds
   * retained is taken whatever waits: it is bounded by what is retained. Says whether something must be written
   * before the message's sender may be told that it is safe.
   */
  deliver(message: BrokerMessage, qosMax: Qos, isRetained = false): boolean {
    const qos = Math.min(message.qos, qosMax) as Qos;
    if (qos === 0 && !this.#link) return false;
    if (!isRetained && !this.#hasRoom(message)) return false;
    if (qos === 0) {
      this.#add({ ...outgoing(0, message, 0, isRetained), isSafe: true });
      this.pump();
      return false;
    }
    const { clientId } = this;
    const sequence = ++this.#sequence;
    const entry = { ...outgoing(sequence, message, qos, isRetained), isSafe: !this.isKept };
    this.#add(entry);
    if (entry.isSafe) {
      this.pump();
      return false;
    }
    this.#write({ kind: 'message', clientId, sequence, message: { ...message, qos }, isRetained });
    void this.#with.journal.written().then(() => {
      entry.isSafe = true;
      this.pump();
    });
    return true;
  }

  /** Sends what may be sent. To be called when the connection has room again. */
  pump(): void {
    for (let index = 0; index < this.#queue.length; ) {
      const entry = this.#queue[index];
      if (!entry) return;
      if (!entry.isOut && !this.#send(entry)) return;
      if (entry.qos === 0) this.#remove(index);
      else index++;
    }
  }

  /** PUBACK or PUBCOMP: the client has it. */
  acknowledged(packetId: number): void {
    const index = this.#find(packetId);
    const entry = this.#queue[index];
    if (!entry) return;
    this.#remove(index);
    this.#write({ kind: 'message-gone', clientId: this.clientId, sequence: entry.sequence });
    this.pump();
  }

  /** PUBREC: from here on the message itself is not sent again [MQTT-4.3.3-1]; PUBREL leaves when that is on disk. */
  received(packetId: number): void {
    const entry = this.#queue[this.#find(packetId)];
    if (!entry) return;
    if (!entry.isReleased) {
      this.#count(-messageBytes(entry.message));
      entry.message = { ...entry.message, payload: Buffer.alloc(0) };
      this.#count(messageBytes(entry.message));
      entry.isReleased = true;
      this.#write({ kind: 'message-released', clientId: this.clientId, sequence: entry.sequence });
    }
    const link = this.#link;
    this.#whenWritten(() => link?.release(packetId));
  }

  /** Whether a QoS 2 message of the client was taken already: then this one is not passed on again [MQTT-4.3.3-2]. */
  hasTaken(packetId: number): boolean {
    return this.#received.has(packetId);
  }

  /** A QoS 2 message of the client was passed on. */
  take(packetId: number): void {
    this.#received.add(packetId);
    this.#write({ kind: 'received', clientId: this.clientId, packetId });
  }

  /** PUBREL: the packet id may stand for another message, so PUBCOMP leaves when that is on disk. */
  released(packetId: number): void {
    if (this.#received.delete(packetId)) this.#write({ kind: 'received-gone', clientId: this.clientId, packetId });
    const link = this.#link;
    this.#whenWritten(() => link?.complete(packetId));
  }

  #send(entry: Outgoing): boolean {
    const link = this.#link;
    // What a slow client does not read waits here, where it is bounded, and not in its socket.
    if (!link || link.isClosed || link.isCongested || !entry.isSafe) return false;
    if (entry.isReleased) link.release(entry.packetId);
    else {
      const { topic, payload } = entry.message;
      const packet = { topic, payload, qos: entry.qos, retain: entry.isRetained, dup: entry.wasSent };
      if (link.publish(packet, entry.packetId) === false) return false;
    }
    entry.isOut = true;
    entry.wasSent = true;
    return true;
  }

  #hasRoom(message: BrokerMessage): boolean {
    const { queueMessagesMax, queueBytesMax } = this.#with.limits;
    const bytes = messageBytes(message);
    const hasRoom = this.#queue.length < queueMessagesMax && this.#bytes + bytes <= queueBytesMax && this.#isWithinAll(bytes);
    if (!hasRoom && !this.#isOverflowing) {
      this.#with.platform.log.warn('broker.queue-full', { clientId: this.clientId, messages: this.#queue.length });
    }
    this.#isOverflowing = !hasRoom;
    return hasRoom;
  }

  /**
   * Whether `bytes` more may wait in all sessions together. Clients that are away, or do not read, may fill that; who
   * is here and takes what it gets is served all the same.
   */
  #isWithinAll(bytes: number): boolean {
    const { limits, queued } = this.#with;
    if (queued.bytes + bytes <= limits.queuedBytesMax) return true;
    return this.#link !== undefined && (this.#queue.length === 0 || this.#bytes + bytes <= ownShareBytes);
  }

  #find(packetId: number): number {
    return this.#queue.findIndex((entry) => entry.isOut && entry.packetId === packetId);
  }

  #add(entry: Outgoing): void {
    this.#queue.push(entry);
    this.#count(messageBytes(entry.message));
  }

  #remove(index: number): void {
    const [entry] = this.#queue.splice(index, 1);
    if (entry) this.#count(-messageBytes(entry.message));
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#with.queued.bytes += bytes;
  }

  #write(entry: Parameters<Journal['write']>[0]): void {
    if (this.isKept) this.#with.journal.write(entry);
  }

  #whenWritten(then: () => void): void {
    if (this.isKept) void this.#with.journal.written().then(then);
    else then();
  }
}

function levelsOf(filter: string): number {
  return filter.split('/').length;
}

function outgoing(sequence: number, message: BrokerMessage, qos: Qos, isRetained: boolean): Outgoing {
  // Sequences of what is under way lie far closer together than 65,535, so the id is free; if ever not, it waits.
  const packetId = sequence === 0 ? 0 : ((sequence - 1) % packetIdMax) + 1;
  return { sequence, packetId, message, qos, isRetained, isReleased: false, wasSent: false, isOut: false, isSafe: false };
}
