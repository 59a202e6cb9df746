import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { ClientConnection } from '#wire/mqtt/client-connection.ts';
import type { InboundPublish } from '#wire/mqtt/packet.ts';
import { PacketIds } from '#wire/mqtt/packet-ids.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import type { Outbox, OutboxEntry } from '../outbox/outbox.ts';
import type { BridgeReport } from './bridge-report.ts';
import type { BridgeSettings } from './bridge-settings.ts';
import { bridgeTopics } from './bridge-topics.ts';
import { openHubSession } from './hub-session.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

export type BridgeOptions = {
  readonly settings: BridgeSettings;
  readonly outbox: Outbox;
  /** Resolves when the local broker has handed the message on. */
  readonly publish: (message: LocalMessage) => Promise<void>;
  readonly report: BridgeReport;
};

/** Messages under way to the hub; a hub acknowledges in order, so more would only be sent again after a break. */
const windowMax = 20;

/**
 * Joins the local broker and the hub. What goes out is acknowledged to its publisher when the outbox has it, leaves in
 * order, and is gone from the outbox when the hub has acknowledged it. What comes in is acknowledged to the hub when the
 * local broker has handed it on.
 */
export class Bridge {
  readonly #platform: Platform;
  readonly #options: BridgeOptions;
  readonly #topics: ReturnType<typeof bridgeTopics>;
  readonly #packetIds = new PacketIds();
  /** The identifiers of messages under way, by their sequence: they go out again under the same. */
  readonly #idsOf = new Map<number, number>();
  /** Sent on the present connection and not acknowledged. */
  readonly #sent = new Set<number>();
  readonly #stopping = new AbortController();
  #connection: ClientConnection | undefined;
  #failures = 0;
  #lastRefusal = '';
  #cancelReady: Cancel = () => {};
  #running: Promise<void> | undefined;
  #wake: () => void = () => {};

  constructor(platform: Platform, options: BridgeOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#topics = bridgeTopics(options.settings.prefix, options.settings.deviceId);
  }

  get isConnected(): boolean {
    return this.#connection?.session.isConnected ?? false;
  }

  /** Filters at a local broker that is not ours. */
  get localFilters(): readonly string[] {
    return this.#topics.outboundFilters;
  }

  start(): void {
    this.#cancelReady = this.#options.outbox.onReady(() => this.#pump());
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    this.#cancelReady();
    this.#connection?.session.disconnect();
    await this.#running;
  }

  /**
   * Takes what a local client published. The promise resolves when it is safe; undefined for what is none of the
   * bridge's, or what is not kept: answers that the hub does not wait for any more, and QoS 0.
   */
  accept(message: LocalMessage): Promise<void> | undefined {
    const outbound = this.#topics.outbound(message.topic);
    if (!outbound) return undefined;
    const { report, outbox, settings } = this.#options;
    if (message.payload.length > settings.payloadBytesMax) {
      // Acknowledged all the same: a publisher that sends it again would be in its own way.
      report.tooLarge(message.topic, message.payload.length, settings.payloadBytesMax);
      return undefined;
    }
    if (outbound.isKept && message.qos > 0) return outbox.accept(message);
    const { payload, qos, retain } = message;
    this.#connection?.session.publish({ topic: outbound.topic, payload, qos, retain });
    return undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#connectOnce();
      } catch (error) {
        this.#failures++;
        this.#tellRefusal(error);
      }
      if (this.#stopping.signal.aborted) break;
      await this.#pause(reconnectDelayMs(this.#options.settings.reconnect, this.#failures, this.#platform.random.fraction()));
    }
    await this.#options.report.down();
  }

  /** Resolves when the connection has ended; rejects when there was none. */
  async #connectOnce(): Promise<void> {
    const { outbox, report, settings } = this.#options;
    const opened = Promise.withResolvers<ClientConnection>();
    // Nobody may be waiting for it.
    opened.promise.catch(() => {});
    let connection: ClientConnection;
    try {
      connection = await openHubSession(this.#platform, settings, {
        packetIds: this.#packetIds,
        onMessage: (message) => this.#deliver(message, opened.promise),
        signal: this.#stopping.signal,
      });
    } catch (error) {
      opened.reject(error);
      throw error;
    }
    opened.resolve(connection);
    this.#connection = connection;
    const since = this.#platform.clock.monotonic();
    this.#lastRefusal = '';
    this.#platform.log.info('bridge.connected', { host: settings.host, deviceId: settings.deviceId });
    // One packet for each, as the original's (thin-edge.md 8.2); what waits follows without waiting for the answers.
    for (const filter of this.#topics.inboundFilters) connection.session.subscribe([{ filter, qos: 1 }]);
    this.#pump();
    await report.up();
    if (this.#stopping.signal.aborted) connection.session.disconnect();
    const reason = await connection.closed;
    this.#connection = undefined;
    const wasSending = this.#sent.size > 0;
    this.#sent.clear();
    const isStable = this.#platform.clock.monotonic() - since >= settings.reconnect.resetWindowMs;
    this.#failures = isStable ? 1 : this.#failures + 1;
    if (this.#stopping.signal.aborted) return;
    this.#platform.log.warn('bridge.disconnected', { host: settings.host, reason, closeDetail: connection.session.closeDetail });
    await report.down();
    if (!wasSending || reason === 'keep-alive-timeout') return;
    const buried = await outbox.strike();
    if (!buried) return;
    this.#releaseId(buried.sequence);
    report.buried(buried.message.topic, buried.isKept);
  }

  /** A message that the hub may have ended the connection over goes out alone. */
  #window(): number {
    return this.#options.outbox.isSuspicious ? 1 : windowMax;
  }

  #pump(): void {
    if (!this.isConnected) return;
    // After a break, what had been sent before comes first.
    for (const entry of this.#options.outbox.unsettled) {
      if (this.#sent.size >= this.#window()) return;
      if (!this.#sent.has(entry.sequence) && !this.#send(entry)) return;
    }
    while (this.#sent.size < this.#window()) {
      const entry = this.#options.outbox.take();
      if (!entry || !this.#send(entry)) return;
    }
  }

  #send(entry: OutboxEntry): boolean {
    const { sequence, message } = entry;
    const topic = this.#topics.outbound(message.topic)?.topic;
    if (topic === undefined) {
      // The prefix was another when it was kept.
      this.#settle(entry);
      return true;
    }
    const known = this.#idsOf.get(sequence);
    const packetId = known ?? this.#packetIds.take();
    const { payload, retain } = message;
    const packet = { topic, payload, qos: 1 as const, retain, dup: known !== undefined };
    const isSent = this.#connection?.session.publish(packet, () => this.#acknowledged(entry), packetId) ?? false;
    if (isSent) {
      this.#idsOf.set(sequence, packetId);
      this.#sent.add(sequence);
    } else if (known === undefined) this.#packetIds.release(packetId);
    return isSent;
  }

  #acknowledged(entry: OutboxEntry): void {
    this.#idsOf.delete(entry.sequence);
    this.#sent.delete(entry.sequence);
    this.#settle(entry);
    this.#pump();
  }

  #settle(entry: OutboxEntry): void {
    this.#options.outbox.settle(entry);
  }

  #releaseId(sequence: number): void {
    this.#packetIds.release(this.#idsOf.get(sequence) ?? 0);
    this.#idsOf.delete(sequence);
  }

  #deliver({ topic, payload, qos, packetId }: InboundPublish, opened: Promise<ClientConnection>): void {
    const local = this.#topics.inbound(topic);
    const delivered =
      local === undefined
        ? Promise.resolve()
        : this.#options.publish({ topic: local, payload: Buffer.from(payload), qos: qos === 0 ? 0 : 1, retain: false });
    delivered
      .then(() => opened)
      .then(({ session }) => {
        if (qos > 0) session.acknowledge(packetId);
      })
      .catch((error: unknown) => {
        // Not acknowledged, so the hub sends it again on the next connection.
        this.#platform.log.warn('bridge.delivery-failed', { error: String(error) });
      });
  }

  /** The same reason again and again is told once. */
  #tellRefusal(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    if (why === this.#lastRefusal || this.#stopping.signal.aborted) return;
    this.#lastRefusal = why;
    const { host, port, deviceId } = this.#options.settings;
    this.#platform.log.warn('bridge.connect-failed', { host, port, deviceId, error: why });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#platform.clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
