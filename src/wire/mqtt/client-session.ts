import { assert } from '#base/assert.ts';
import { AcknowledgementQueue } from './acknowledgement-queue.ts';
import { checkEmpty, checkFlags, decodeConnack, decodePacketId, decodeSuback, PublishView } from './decode.ts';
import { type ConnectFields, PacketWriter } from './encode.ts';
import { defaultMqttLimits, type MqttLimits } from './limits.ts';
import {
  type InboundPublish,
  MalformedPacket,
  type OutboundPublish,
  type OversizePublish,
  packetType,
  type Subscription,
} from './packet.ts';
import { PacketIds } from './packet-ids.ts';
import { PacketReader, PacketTooLarge } from './packet-reader.ts';
import type { CloseReason } from './server-session.ts';

/** What a client says in its CONNECT. */
export type ClientConnect = ConnectFields;

export type MqttClientSessionOptions = {
  readonly limits?: MqttLimits;
  /** Monotonic milliseconds, for keep-alive. */
  readonly nowMs: () => number;
  /** There is output to take; called once, then not again before `takeOutput`. */
  readonly onOutput: () => void;
  /** The server answered: 0 is accepted; after any other code the session closes. */
  readonly onConnack: (code: number, sessionPresent: boolean) => void;
  /** Valid only during the call; a QoS 1 message is acknowledged when it returns, unless `acknowledgesLater`. */
  readonly onMessage: (publish: InboundPublish) => void;
  /** QoS 1 messages wait for `acknowledge`: of what is not safe yet, the server keeps its copy. */
  readonly acknowledgesLater?: boolean;
  /** Shared by the connections of one client that sends again under its first identifier what was not acknowledged [MQTT-4.4.0-1]. */
  readonly packetIds?: PacketIds;
  /** A PUBLISH over `packetBytesMax` is read past, told here and acknowledged; without it, it ends the connection. */
  readonly onOversize?: (publish: OversizePublish) => void;
  /** The pump writes what output is left and ends the socket. Called once. */
  readonly onClose: (reason: CloseReason) => void;
};

type State = 'new' | 'connecting' | 'open' | 'closed';

/** What waits for an answer that carries a packet id. */
type Pending =
  | { readonly kind: 'publish'; readonly onAck: (() => void) | undefined; readonly isGiven: boolean }
  | { readonly kind: 'subscribe'; readonly count: number; readonly onGranted: ((codes: readonly number[]) => void) | undefined }
  | { readonly kind: 'unsubscribe'; readonly onDone: (() => void) | undefined };

/** How long a CONNACK or PINGRESP may take. */
const answerMsMax = 30_000;

/** The client's side of one MQTT 3.1.1 connection, without I/O: for simulated devices, the bridge and tests. */
export class MqttClientSession {
  readonly #options: MqttClientSessionOptions;
  readonly #limits: MqttLimits;
  readonly #reader: PacketReader;
  readonly #writer = new PacketWriter();
  readonly #view = new PublishView();
  readonly #ids: PacketIds;
  readonly #pending = new Map<number, Pending>();
  readonly #owed = new AcknowledgementQueue();
  #publishesPending = 0;
  #state: State = 'new';
  #isReading = false;
  #waiting: Buffer[] = [];
  #isOutputAnnounced = false;
  #keepAliveMs = 0;
  #lastOutputMs = 0;
  #answerDueMs: number | undefined;
  #closeDetail = '';

  constructor(options: MqttClientSessionOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultMqttLimits;
    this.#ids = options.packetIds ?? new PacketIds();
    this.#reader = new PacketReader(this.#onPacket.bind(this), this.#limits.packetBytesMax);
    const { onOversize } = options;
    if (onOversize) this.#reader.oversizeSink = (first, head, bytes) => this.#onOversize(onOversize, { first, head, bytes });
  }

  /** The server accepted, and nothing ended it yet. */
  get isConnected(): boolean {
    return this.#state === 'open';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** Why it ended, in more words, for the log. Empty while open. */
  get closeDetail(): string {
    return this.#closeDetail;
  }

  connect(fields: ClientConnect): void {
    assert(this.#state === 'new', 'a session connects once');
    this.#state = 'connecting';
    this.#keepAliveMs = fields.keepAliveSeconds * 1000;
    this.#answerDueMs = this.#options.nowMs() + answerMsMax;
    this.#writer.connect(fields);
    this.#announceOutput();
  }

  /** `onGranted` gets a SUBACK code per filter. */
  subscribe(filters: readonly Subscription[], onGranted?: (codes: readonly number[]) => void): void {
    if (this.#state !== 'open') return;
    const packetId = this.#ids.take();
    this.#pending.set(packetId, { kind: 'subscribe', count: filters.length, onGranted });
    this.#writer.subscribe(packetId, filters);
    this.#announceOutput();
  }

  unsubscribe(filters: readonly string[], onDone?: () => void): void {
    if (this.#state !== 'open') return;
    const packetId = this.#ids.take();
    this.#pending.set(packetId, { kind: 'unsubscribe', onDone });
    this.#writer.unsubscribe(packetId, filters);
    this.#announceOutput();
  }

  /**
   * Sends a message; `onAck` is called at the PUBACK of a QoS 1 message. False when nothing was sent: not open, no window,
   * no room. `given` is an identifier that the caller took from `packetIds`; the PUBACK releases it, the end of the
   * connection does not.
   */
  publish(packet: OutboundPublish, onAck?: () => void, given?: number): boolean {
    if (this.#state !== 'open' || this.#writer.length > this.#limits.outputBytesMax) return false;
    if (packet.qos === 0) this.#writer.publish(packet, 0);
    else {
      if (this.#publishesPending >= this.#limits.outboundInflightMax) return false;
      const packetId = given ?? this.#ids.take();
      this.#pending.set(packetId, { kind: 'publish', onAck, isGiven: given !== undefined });
      this.#publishesPending++;
      this.#writer.publish(packet, packetId);
    }
    this.#announceOutput();
    return true;
  }

  /** Acknowledges a QoS 1 message where the session was told that this comes later. PUBACKs leave in the order of arrival [MQTT-4.6.0-2]. */
  acknowledge(packetId: number): void {
    if (this.#state === 'open' && this.#owed.acknowledge(packetId, this.#writer)) this.#announceOutput();
  }

  /** Sends DISCONNECT, so that the server drops the will, and closes. */
  disconnect(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') {
      this.#writer.empty(packetType.disconnect);
      this.#announceOutput();
    }
    this.#end('disconnect', '');
  }

  receive(chunk: Buffer): void {
    if (this.#state === 'closed') return;
    if (this.#isReading) {
      this.#waiting.push(Buffer.from(chunk));
      return;
    }
    for (let next: Buffer | undefined = chunk; next && !this.isClosed; next = this.#waiting.shift()) this.#read(next);
  }

  /** Everything to be sent since the last call, as one buffer that the caller owns. */
  takeOutput(): Buffer | undefined {
    this.#isOutputAnnounced = false;
    return this.#writer.take();
  }

  endOfInput(): void {
    this.#end('connection-lost', 'the server ended the connection');
  }

  /** Pings when the keep-alive is due [MQTT-3.1.2-23]; closes when CONNACK or PINGRESP is overdue. */
  checkKeepAlive(nowMs: number): void {
    if (this.#state !== 'open' && this.#state !== 'connecting') return;
    if (this.#answerDueMs !== undefined) {
      if (nowMs >= this.#answerDueMs) this.#end('keep-alive-timeout', `no answer within ${answerMsMax / 1000} s`);
      return;
    }
    // A little early, since the caller looks only now and then.
    if (this.#keepAliveMs === 0 || nowMs - this.#lastOutputMs < 0.75 * this.#keepAliveMs) return;
    this.#answerDueMs = nowMs + answerMsMax;
    this.#writer.empty(packetType.pingreq);
    this.#announceOutput();
  }

  #read(chunk: Buffer): void {
    this.#isReading = true;
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      if (error instanceof MalformedPacket) this.#end('malformed-packet', error.message);
      else if (error instanceof PacketTooLarge) this.#end('packet-too-large', error.message);
      else {
        this.#end('internal-error', 'a fault of ours');
        throw error;
      }
    } finally {
      this.#isReading = false;
      this.#view.release();
    }
  }

  #onPacket(buffer: Buffer, first: number, start: number, end: number): boolean {
    const type = first >> 4;
    if (this.#state === 'connecting') {
      if (type === packetType.connack) this.#onConnack(buffer, first, start, end);
      else this.#end('packet-unexpected', 'the first packet was not CONNACK [MQTT-3.2.0-1]');
    } else this.#onOpenPacket(type, buffer, first, start, end);
    return !this.isClosed;
  }

  #onConnack(buffer: Buffer, first: number, start: number, end: number): void {
    const { code, sessionPresent } = decodeConnack(buffer, first, start, end);
    this.#answerDueMs = undefined;
    if (code === 0) this.#state = 'open';
    this.#options.onConnack(code, sessionPresent);
    if (code !== 0) this.#end('refused', `CONNACK ${code}`);
  }

  #onOpenPacket(type: number, buffer: Buffer, first: number, start: number, end: number): void {
    switch (type) {
      case packetType.publish: {
        if ((first & 0x06) === 0x04) {
          this.#end('qos-2', 'PUBLISH with QoS 2 is not supported');
          return;
        }
        const view = this.#view;
        view.read(buffer, first, start, end);
        if (view.qos === 1) this.#owed.add(view.packetId);
        this.#options.onMessage(view);
        if (view.qos === 1 && !this.#options.acknowledgesLater) this.acknowledge(view.packetId);
        return;
      }
      case packetType.puback: {
        const pending = this.#answered(decodePacketId(buffer, first, start, end), 'publish');
        if (pending?.kind !== 'publish') return;
        this.#publishesPending--;
        pending.onAck?.();
        return;
      }
      case packetType.suback: {
        const { packetId, codes } = decodeSuback(buffer, first, start, end);
        const pending = this.#answered(packetId, 'subscribe');
        if (pending?.kind !== 'subscribe') return;
        if (pending.count !== codes.length) {
          this.#end('malformed-packet', 'SUBACK has another number of codes than filters [MQTT-3.8.4-5]');
          return;
        }
        pending.onGranted?.(codes);
        return;
      }
      case packetType.unsuback: {
        const pending = this.#answered(decodePacketId(buffer, first, start, end), 'unsubscribe');
        if (pending?.kind === 'unsubscribe') pending.onDone?.();
        return;
      }
      case packetType.pingresp:
        checkFlags(first, 0);
        checkEmpty(start, end);
        this.#answerDueMs = undefined;
        return;
      default:
        this.#end('packet-unexpected', `a server sent packet type ${type}`);
    }
  }

  /** Returns whether the reader may go on. */
  #onOversize(tell: (publish: OversizePublish) => void, packet: { first: number; head: Buffer; bytes: number }): boolean {
    const { first, head, bytes } = packet;
    if (this.#state !== 'open' || (first & 0x06) === 0x04) {
      this.#end('packet-unexpected', 'a large PUBLISH before CONNACK, or with QoS 2');
      return false;
    }
    const view = this.#view;
    view.read(head, first, 0, head.length);
    const { topic, qos, retain, dup, packetId } = view;
    if (qos === 1) this.#owed.add(packetId);
    tell({ topic, qos, retain, dup, packetId, payloadBytes: view.payloadBytes + bytes });
    if (qos === 1) this.acknowledge(packetId);
    return !this.isClosed;
  }

  /** What waited for this answer; an answer to nothing, or of another kind, is ignored. */
  #answered(packetId: number, kind: Pending['kind']): Pending | undefined {
    const pending = this.#pending.get(packetId);
    if (pending?.kind !== kind) return undefined;
    this.#pending.delete(packetId);
    this.#ids.release(packetId);
    return pending;
  }

  #announceOutput(): void {
    this.#lastOutputMs = this.#options.nowMs();
    if (this.#isOutputAnnounced) return;
    this.#isOutputAnnounced = true;
    this.#options.onOutput();
  }

  #end(reason: CloseReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#closeDetail = detail;
    this.#waiting = [];
    for (const [packetId, pending] of this.#pending) {
      if (pending.kind !== 'publish' || !pending.isGiven) this.#ids.release(packetId);
    }
    this.#pending.clear();
    this.#options.onClose(reason);
  }
}
