import { assert } from '#base/assert.ts';
import { AcknowledgementQueue } from './acknowledgement-queue.ts';
import {
  checkEmpty,
  checkFlags,
  decodeConnect,
  decodePacketId,
  decodeSubscribe,
  decodeUnsubscribe,
  PublishView,
} from './decode.ts';
import { PacketWriter } from './encode.ts';
import { defaultMqttLimits, type MqttLimits } from './limits.ts';
import {
  type ConnackRefusal,
  type ConnectPacket,
  type InboundPublish,
  MalformedPacket,
  type OversizePublish,
  packetType,
  type ServerPublish,
  type Subscription,
} from './packet.ts';
import { PacketIds } from './packet-ids.ts';
import { PacketReader, PacketTooLarge } from './packet-reader.ts';

/** Why a session ended: one of the session's own words, or the word that a surface gave to `close`. */
export type CloseReason =
  | 'disconnect'
  | 'connection-lost'
  | 'malformed-packet'
  | 'packet-too-large'
  | 'qos-2'
  | 'connect-missing'
  | 'second-connect'
  | 'packet-unexpected'
  | 'protocol-level'
  | 'refused'
  | 'connect-timeout'
  | 'keep-alive-timeout'
  | 'sent-too-much-before-accept'
  | 'internal-error'
  | (string & Record<never, never>);

/** What a surface does with the events of one connection. `ended` is called exactly once. */
export type SessionHandler = {
  /** `publish` is valid only during the call. A QoS 1 or 2 message is owed one `session.acknowledge`, now or later. */
  publish(publish: InboundPublish): void;
  /** The client acknowledged for good what `session.publish` sent under this id: PUBACK, or PUBCOMP. */
  acknowledged(packetId: number): void;
  /** PUBREC: the client has the QoS 2 message of this id. Owed one `session.release`. */
  received?(packetId: number): void;
  /** PUBREL: the client knows that we have its QoS 2 message of this id. Owed one `session.complete`. */
  released?(packetId: number): void;
  /** A message was larger than allowed and is dropped, where `accept` said so. Owed an acknowledgement like any other. */
  oversize?(publish: OversizePublish): void;
  /** Owed one `session.grant` with a code per filter, in order. */
  subscribe(packetId: number, filters: readonly Subscription[]): void;
  /** Owed one `session.unsubscribed`. */
  unsubscribe(packetId: number, filters: readonly string[]): void;
  /** `clean`: the client sent DISCONNECT, so its will must not be delivered [MQTT-3.14.4-3]. */
  ended(reason: CloseReason, clean: boolean): void;
  /** There is room again after `session.publish` declined for lack of it. */
  writable?(): void;
};

/** What a surface speaks beyond the hub's own, or less. */
export type AcceptOptions = {
  /** Remaining length of a packet, for a client that may send less than the session's limits allow. */
  readonly packetBytesMax?: number;
  /** QoS 2 in both directions; otherwise it ends the connection (hub-device-protocol.md 4.4). */
  readonly speaksQos2?: boolean;
  /** A PUBLISH over the limit is read past and handed to `oversize` instead of ending the connection. */
  readonly dropsOversize?: boolean;
};

export type MqttServerSessionOptions = {
  readonly limits?: MqttLimits;
  /** Monotonic milliseconds, for keep-alive; read once per `receive`. */
  readonly nowMs: () => number;
  /** A CONNECT arrived. The callee answers with `accept` or `refuse`, at once or later; without a handler the session closes. */
  readonly onConnect: (packet: ConnectPacket) => SessionHandler | undefined;
  /** There is output to take; called once, then not again before `takeOutput`. A pump that waits for the end of its batch writes once per batch. */
  readonly onOutput: () => void;
  /** The pump takes what output is left, writes it and ends the socket. Called once. */
  readonly onClose: (reason: CloseReason) => void;
};

type State = 'awaiting-connect' | 'awaiting-answer' | 'open' | 'closed';

/**
 * The server's side of one MQTT 3.1.1 connection, without I/O: chunks and the time go in, events and
 * buffers come out. What outlives a connection (which messages were sent, received, released) is the surface's.
 *
 * Until a surface has answered CONNECT nothing else is handed on: a message must never meet a surface
 * that does not yet know who sent it.
 */
export class MqttServerSession {
  readonly #options: MqttServerSessionOptions;
  readonly #limits: MqttLimits;
  readonly #reader: PacketReader;
  readonly #writer = new PacketWriter();
  readonly #publish = new PublishView();
  readonly #inbound = new AcknowledgementQueue();
  #inboundQos2: AcknowledgementQueue | undefined;
  #dropsOversize = false;
  readonly #outbound = new PacketIds();
  #state: State = 'awaiting-connect';
  #handler: SessionHandler | undefined;
  /** Chunks that may not be read yet: copies. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isReading = false;
  #isHeld = false;
  #isOutputAnnounced = false;
  #hasDeclined = false;
  #isCongested = false;
  #lastInputMs: number;
  #inputDueMs: number;
  #closeReason: CloseReason = 'connection-lost';
  #closeDetail = '';
  #isCleanClose = false;

  constructor(options: MqttServerSessionOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultMqttLimits;
    this.#lastInputMs = options.nowMs();
    this.#inputDueMs = this.#limits.connectMsMax;
    this.#reader = new PacketReader(this.#onPacket.bind(this), this.#limits.connectBytesMax);
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why it ended, in more words, for the log: quotes the broken clause. Empty while open. */
  get closeDetail(): string {
    return this.#closeDetail;
  }

  get bufferedOutputBytes(): number {
    return this.#writer.length;
  }

  /** False: the pump should stop reading its socket. It looks after every receive, every flush and every batch of acknowledgements. */
  get wantsInput(): boolean {
    if (this.#state === 'closed') return false;
    return (
      this.#waitingBytes === 0 && !this.#isHeld && !this.#isInboundFull && this.#writer.length <= this.#limits.outputBytesMax
    );
  }

  /** False: `publish` would decline a QoS 1 message, for lack of room or of window. */
  get isWritable(): boolean {
    return this.#state === 'open' && this.#hasRoom && this.#outbound.size < this.#limits.outboundInflightMax;
  }

  /** Whoever has much to send waits for `writable` while this holds; `publish` takes what cannot wait. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  receive(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    // What arrives before CONNECT is complete does not move its deadline: it runs from the start.
    if (this.#state !== 'awaiting-connect') this.#lastInputMs = this.#options.nowMs();
    // A surface may make its peer speak while it is being spoken to (in memory): that chunk waits its turn.
    if (this.#isReading || this.#isHeld || this.#state === 'awaiting-answer') this.#keep(chunk, false);
    else {
      this.#read(chunk);
      this.#readWaiting();
    }
  }

  /** Hands on nothing more, not even what was read already, until `resumeInput`: what the client sends waits in its socket. */
  holdInput(): void {
    this.#isHeld = true;
  }

  resumeInput(): void {
    if (!this.#isHeld || this.#state === 'closed') return;
    this.#isHeld = false;
    if (this.#state === 'open' && !this.#isReading) this.#readWaiting();
    // The pump looks whether to read on after every flush.
    this.#announceOutput();
  }

  /** Everything to be sent since the last call, as one buffer that the caller owns. */
  takeOutput(): Buffer | undefined {
    this.#isOutputAnnounced = false;
    return this.#writer.take();
  }

  /** The stream keeps what it was given: the client reads more slowly than it is sent to. */
  congested(): void {
    this.#isCongested = true;
  }

  /** What was taken is on its way: whoever waits for room may go on. */
  drained(): void {
    if (this.#isCongested) this.#hasDeclined = true;
    this.#isCongested = false;
    if (this.#state === 'open') this.#offerRoom();
  }

  /** The other end is gone, or ended its half without DISCONNECT. */
  endOfInput(): void {
    this.#end(
      'connection-lost',
      this.#reader.isMidPacket ? 'the connection ended inside a packet' : 'the connection ended without DISCONNECT',
    );
  }

  /** Closes when CONNECT or the next packet is overdue [MQTT-3.1.2-24]. The pump calls it every few seconds. */
  checkKeepAlive(nowMs: number): void {
    if (this.#state === 'closed') return;
    // While we ask our pump not to read, the client's silence is our doing.
    if (this.#isInboundFull || this.#isHeld) this.#lastInputMs = nowMs;
    if (nowMs - this.#lastInputMs > this.#inputDueMs) {
      const isConnecting = this.#state === 'awaiting-connect';
      this.#end(isConnecting ? 'connect-timeout' : 'keep-alive-timeout', `nothing arrived for ${this.#inputDueMs / 1000} s`);
    } else this.#offerRoom();
  }

  /** Answers CONNECT with 0. Call it last: packets that arrived meanwhile are handed on before it returns. */
  accept(sessionPresent: boolean, options: AcceptOptions = {}): void {
    if (this.#state === 'closed') return;
    assert(this.#state === 'awaiting-answer', 'a connection is accepted once');
    this.#state = 'open';
    this.#reader.remainingLengthMax = options.packetBytesMax ?? this.#limits.packetBytesMax;
    if (options.speaksQos2) this.#inboundQos2 = new AcknowledgementQueue(packetType.pubrec);
    if (options.dropsOversize) {
      this.#dropsOversize = true;
      this.#reader.oversizeSink = (first, head, payloadBytes) => {
        this.#onPublish(head, first, 0, head.length, payloadBytes);
        return this.#state === 'open';
      };
    }
    this.#writer.connack(sessionPresent, 0);
    this.#announceOutput();
    if (!this.#isReading) this.#readWaiting();
  }

  /** Answers CONNECT with a refusal and closes [MQTT-3.2.2-5]. */
  refuse(code: ConnackRefusal): void {
    if (this.#state === 'closed') return;
    assert(this.#state === 'awaiting-answer', 'a connection is refused before it is accepted');
    this.#refuse(code, 'refused', `CONNACK ${code}`);
  }

  /** Ends the session: MQTT 3.1.1 has no packet for that. `ended` is called before this returns. */
  close(reason: CloseReason): void {
    this.#end(reason, '');
  }

  /** A message is safe. PUBACKs, and PUBRECs, leave in the order of arrival [MQTT-4.6.0-2], whatever the order of these calls. */
  acknowledge(packetId: number, qos: 1 | 2 = 1): void {
    if (this.#state === 'closed') return;
    const queue = qos === 2 ? this.#inboundQos2 : this.#inbound;
    if (queue?.acknowledge(packetId, this.#writer)) this.#announceOutput();
  }

  /**
   * Sends a message, under `packetId` when it was sent before [MQTT-4.4.0-1]. Gives the packet id of a QoS 1 or 2
   * message, 0 for QoS 0, false when nothing was sent: closed, no window, no room, or the id is in use.
   */
  publish(packet: ServerPublish, packetId?: number): number | false {
    if (this.#state !== 'open') return false;
    if (!this.#hasRoom || (packet.qos !== 0 && this.#outbound.size >= this.#limits.outboundInflightMax)) {
      this.#hasDeclined = true;
      return false;
    }
    if (packet.qos !== 0 && packetId !== undefined && !this.#outbound.claim(packetId)) return false;
    const id = packet.qos === 0 ? 0 : (packetId ?? this.#outbound.take());
    this.#writer.publish(packet, id);
    this.#announceOutput();
    return id;
  }

  /** Sends PUBREL, in answer to PUBREC or because the connection before this one did not see its PUBCOMP. */
  release(packetId: number): void {
    if (this.#state !== 'open') return;
    this.#outbound.claim(packetId);
    this.#writeRelease(packetId);
  }

  /** Answers PUBREL: the packet id is free again. */
  complete(packetId: number): void {
    if (this.#state !== 'open') return;
    this.#writer.acknowledge(packetType.pubcomp << 4, packetId);
    this.#announceOutput();
  }

  /** Answers SUBSCRIBE with a code per filter [MQTT-3.8.4-5]: the granted QoS or `subscriptionRefused`. */
  grant(packetId: number, codes: readonly number[]): void {
    if (this.#state !== 'open') return;
    this.#writer.suback(packetId, codes);
    this.#announceOutput();
  }

  /** Answers UNSUBSCRIBE [MQTT-3.10.4-4]. */
  unsubscribed(packetId: number): void {
    if (this.#state !== 'open') return;
    this.#writer.unsuback(packetId);
    this.#announceOutput();
  }

  get #hasRoom(): boolean {
    return this.#writer.length <= this.#limits.outputBytesMax;
  }

  get #isInboundFull(): boolean {
    return this.#inbound.size + (this.#inboundQos2?.size ?? 0) >= this.#limits.inboundInflightMax;
  }

  /** `isOwn`: nobody else writes into the chunk, so what is left of it need not be copied. */
  #read(chunk: Buffer, isOwn = false): void {
    this.#isReading = true;
    try {
      const taken = this.#reader.feed(chunk);
      if (taken < chunk.length) this.#keep(chunk.subarray(taken), true, isOwn);
    } catch (error) {
      if (error instanceof MalformedPacket) this.#end('malformed-packet', error.message);
      else if (error instanceof PacketTooLarge) this.#end('packet-too-large', error.message);
      else {
        // A bug in a surface: this connection is out of step now, the others are not.
        this.#end('internal-error', 'a fault of ours');
        throw error;
      }
    } finally {
      this.#isReading = false;
      this.#publish.release();
    }
    this.#offerRoom();
  }

  #readWaiting(): void {
    // The state is asked again each time: what is read may close the session.
    for (let chunk = this.#waiting[0]; chunk && this.#state === 'open' && !this.#isHeld; chunk = this.#waiting[0]) {
      this.#waiting.shift();
      this.#waitingBytes -= chunk.length;
      this.#read(chunk, true);
    }
  }

  #keep(chunk: Buffer, isFirst: boolean, isOwn = false): void {
    if (this.#state === 'closed' || chunk.length === 0) return;
    this.#waitingBytes += chunk.length;
    // Later it is one chunk at most, since the pump reads no more.
    if (this.#state !== 'open' && this.#waitingBytes > this.#limits.beforeAcceptBytesMax) {
      this.#end('sent-too-much-before-accept', `more than ${this.#limits.beforeAcceptBytesMax} bytes before CONNACK`);
      return;
    }
    const copy = isOwn ? chunk : Buffer.from(chunk);
    if (isFirst) this.#waiting.unshift(copy);
    else this.#waiting.push(copy);
  }

  /** Whether the reader may go on with the next packet. */
  #onPacket(buffer: Buffer, first: number, start: number, end: number): boolean {
    const type = first >> 4;
    if (this.#state === 'open') {
      if (type === packetType.publish) this.#onPublish(buffer, first, start, end);
      else this.#onControl(type, buffer, first, start, end);
    } else if (type === packetType.connect) this.#onConnect(buffer, first, start, end);
    else this.#end('connect-missing', 'the first packet was not CONNECT [MQTT-3.1.0-1]');
    return this.#state === 'open' && !this.#isHeld;
  }

  /** `droppedBytes` of a payload that was not kept. */
  #onPublish(buffer: Buffer, first: number, start: number, end: number, droppedBytes = 0): void {
    if ((first & 0x06) === 0x04 && !this.#inboundQos2) {
      this.#end('qos-2', 'PUBLISH with QoS 2 is not supported');
      return;
    }
    const publish = this.#publish;
    publish.read(buffer, first, start, end);
    const payloadBytes = publish.payloadBytes + droppedBytes;
    const isOversize = payloadBytes > this.#limits.payloadBytesMax;
    if (isOversize && !this.#dropsOversize) {
      this.#end('packet-too-large', `a payload of ${payloadBytes} bytes, the limit is ${this.#limits.payloadBytesMax}`);
      return;
    }
    if (publish.qos === 1) this.#inbound.add(publish.packetId);
    else if (publish.qos === 2) this.#inboundQos2?.add(publish.packetId);
    if (isOversize) {
      const { topic, qos, retain, dup, packetId } = publish;
      this.#handler?.oversize?.({ topic, qos, retain, dup, packetId, payloadBytes });
    } else this.#handler?.publish(publish);
  }

  #onControl(type: number, buffer: Buffer, first: number, start: number, end: number): void {
    switch (type) {
      case packetType.puback: {
        const packetId = decodePacketId(buffer, first, start, end);
        // An id that is not in flight is a late echo; answering it would be worse than ignoring it.
        if (this.#outbound.release(packetId)) this.#handler?.acknowledged(packetId);
        return;
      }
      case packetType.pubrec:
      case packetType.pubrel:
      case packetType.pubcomp:
        if (this.#inboundQos2) this.#onQos2(type, decodePacketId(buffer, first, start, end, type === packetType.pubrel ? 2 : 0));
        else this.#refuseType(type);
        return;
      case packetType.pingreq:
        checkFlags(first, 0);
        checkEmpty(start, end);
        this.#writer.empty(packetType.pingresp);
        this.#announceOutput();
        return;
      case packetType.subscribe: {
        const { packetId, filters } = decodeSubscribe(buffer, first, start, end, this.#limits.filtersPerPacketMax);
        this.#handler?.subscribe(packetId, filters);
        return;
      }
      case packetType.unsubscribe: {
        const { packetId, filters } = decodeUnsubscribe(buffer, first, start, end, this.#limits.filtersPerPacketMax);
        this.#handler?.unsubscribe(packetId, filters);
        return;
      }
      case packetType.disconnect:
        checkFlags(first, 0);
        checkEmpty(start, end);
        this.#isCleanClose = true;
        this.#end('disconnect', '');
        return;
      case packetType.connect:
        // Before its credentials are read: a peer that could sign in again would change identity under
        // a caller that messages under way already hold.
        this.#end('second-connect', 'a second CONNECT [MQTT-3.1.0-2]');
        return;
      default:
        this.#refuseType(type);
    }
  }

  #onQos2(type: number, packetId: number): void {
    if (type === packetType.pubrel) this.#handler?.released?.(packetId);
    else if (type === packetType.pubcomp) {
      if (this.#outbound.release(packetId)) this.#handler?.acknowledged(packetId);
    } else if (this.#outbound.has(packetId)) this.#handler?.received?.(packetId);
    // Of a message that we no longer know: with PUBREL the client can be done with it.
    else this.#writeRelease(packetId);
  }

  #refuseType(type: number): void {
    this.#end('packet-unexpected', `a client sent packet type ${type} [MQTT-4.8.0-1]`);
  }

  #onConnect(buffer: Buffer, first: number, start: number, end: number): void {
    const packet = decodeConnect(buffer, first, start, end);
    this.#state = 'awaiting-answer';
    if (!packet) {
      this.#refuse(1, 'protocol-level', 'not MQTT 3.1.1 [MQTT-3.1.2-2]');
      return;
    }
    const { keepAliveMsMax } = this.#limits;
    this.#lastInputMs = this.#options.nowMs();
    this.#inputDueMs = packet.keepAliveSeconds === 0 ? keepAliveMsMax : Math.min(1500 * packet.keepAliveSeconds, keepAliveMsMax);
    const handler = this.#options.onConnect(packet);
    if (!handler) {
      this.#end('refused', 'no surface took the connection');
      return;
    }
    // It may have refused already, inside the call that returned the handler.
    if (this.isClosed) handler.ended(this.#closeReason, false);
    else this.#handler = handler;
  }

  #refuse(code: ConnackRefusal, reason: CloseReason, detail: string): void {
    this.#writer.connack(false, code);
    this.#announceOutput();
    this.#end(reason, detail);
  }

  #writeRelease(packetId: number): void {
    this.#writer.acknowledge((packetType.pubrel << 4) | 2, packetId);
    this.#announceOutput();
  }

  #announceOutput(): void {
    if (this.#isOutputAnnounced) return;
    this.#isOutputAnnounced = true;
    this.#options.onOutput();
  }

  #offerRoom(): void {
    if (!this.#hasDeclined || !this.isWritable) return;
    this.#hasDeclined = false;
    this.#handler?.writable?.();
  }

  #end(reason: CloseReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeReason = reason;
    this.#closeDetail = detail;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const handler = this.#handler;
    this.#handler = undefined;
    try {
      handler?.ended(reason, this.#isCleanClose);
    } finally {
      this.#options.onClose(reason);
    }
  }
}
