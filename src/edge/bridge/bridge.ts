import type { Cancel } from '#base/clock.ts';
import { hourMs, minuteMs, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { RegistrationBusy } from '#wire/azure/dps-registration.ts';
import { type ClientConnection, ConnectRefused } from '#wire/mqtt/client-connection.ts';
import type { InboundPublish } from '#wire/mqtt/packet.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Reach } from '../reach/reach.ts';
import type { HubAccess, HubFinder } from '../registration/hub-finder.ts';
import type { BridgeReport } from './bridge-report.ts';
import type { BridgeSettings } from './bridge-settings.ts';
import { type BridgeTopics, bridgeTopics } from './bridge-topics.ts';
import { connectTrouble, loadDeviceCertificate } from './connect-trouble.ts';
import { nameOf, openHubSession } from './hub-session.ts';
import { OutboxSender } from './outbox-sender.ts';
import { reconnectDelayMs } from './reconnect-delay.ts';

export type BridgeOptions = {
  readonly settings: BridgeSettings;
  readonly reach: Reach;
  /** Which hub it is, asked before each connection. */
  readonly hub: HubFinder;
  readonly outbox: Outbox;
  /** Resolves when the local broker has handed the message on. */
  readonly publish: (message: LocalMessage) => Promise<void>;
  readonly report: BridgeReport;
  readonly onConnected: () => void;
};

/** What of its life a token has left when it is followed by a new one: a fifth, and no more than it takes to be slow. */
const renewalShare = 0.2;
const renewalMsMax = 5 * minuteMs;
/** How long a connection that is to be followed by another waits for what is under way on it. */
const drainMsMax = 10 * secondMs;
/** At the hub, less than MQTT's 65,535: what is stored goes out under a longer name where DPS has given the device one since. */
const topicBytesMax = 65_000;
/** No service keeps a device from trying for longer. */
const retryAfterMsMax = hourMs;

/**
 * Joins the local broker and the hub. What goes out is acknowledged to its publisher when the outbox has it, leaves in
 * order, and is gone from the outbox when the hub has acknowledged it. What comes in is acknowledged to the hub when the
 * local broker has handed it on.
 */
export class Bridge {
  readonly #platform: Platform;
  readonly #options: BridgeOptions;
  /** By the name that the hub has for the device. */
  #topics: BridgeTopics;
  #name: string;
  readonly #sender: OutboxSender;
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
    const { prefix, deviceId, moduleId } = options.settings;
    this.#name = nameOf(options.settings);
    this.#topics = bridgeTopics(prefix, deviceId, moduleId);
    this.#sender = new OutboxSender(options.outbox, (topic) => this.#topics.outbound(topic)?.topic);
  }

  get isConnected(): boolean {
    return this.#connection?.session.isConnected ?? false;
  }

  /** Filters at a local broker that is not ours. */
  get localFilters(): readonly string[] {
    return this.#topics.outboundFilters;
  }

  start(): void {
    this.#cancelReady = this.#options.outbox.onReady(() => this.#sender.pump());
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
    if (Math.max(Buffer.byteLength(message.topic), Buffer.byteLength(outbound.topic)) > topicBytesMax) {
      report.topicTooLong(message.topic);
      return undefined;
    }
    if (outbound.isKept && message.qos > 0) return outbox.accept(message);
    const { payload, qos, retain } = message;
    // It shares the window with what is stored, which may be waiting for room.
    this.#connection?.session.publish({ topic: outbound.topic, payload, qos, retain }, () => this.#sender.pump());
    return undefined;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let waitMs = 0;
      try {
        if ((await this.#connectOnce()) === 'renewed') continue;
      } catch (error) {
        this.#failures++;
        if (error instanceof RegistrationBusy) waitMs = Math.min(retryAfterMsMax, error.retryAfterSeconds * secondMs);
        await this.#tellRefusal(error);
      }
      if (this.#stopping.signal.aborted) break;
      const delayMs = reconnectDelayMs(this.#options.settings.reconnect, this.#failures, this.#platform.random.fraction());
      await this.#pause(Math.max(delayMs, waitMs));
    }
    await this.#options.report.down();
  }

  /** Resolves when the connection has ended, `renewed` when it is to be followed by another at once; rejects when there was none. */
  async #connectOnce(): Promise<'ended' | 'renewed'> {
    const { outbox, report, settings, hub } = this.#options;
    const access = await hub.find(this.#stopping.signal);
    const { host, deviceId, moduleId } = access;
    if (nameOf(access) !== this.#name) {
      this.#name = nameOf(access);
      this.#topics = bridgeTopics(settings.prefix, deviceId, moduleId);
    }
    const connection = await this.#open(access);
    const since = this.#platform.clock.monotonic();
    this.#lastRefusal = '';
    this.#platform.log.info('bridge.connected', { host, deviceId, ...(moduleId === undefined ? {} : { moduleId }) });
    // One packet for each, as the original's (thin-edge.md 8.2); what waits follows without waiting for the answers.
    for (const filter of this.#topics.inboundFilters) connection.session.subscribe([{ filter, qos: 1 }]);
    const cancelRenewal = access.credential.kind === 'key' ? this.#renewInTime(connection) : () => {};
    this.#sender.open(connection.session);
    // Not waited for, here and below: a local broker that is away must hold up neither what follows nor the next attempt.
    void report.up();
    this.#options.onConnected();
    if (this.#stopping.signal.aborted) connection.session.disconnect();
    const reason = await connection.closed;
    cancelRenewal();
    const isRenewed = this.#sender.isDraining;
    this.#connection = undefined;
    const wasSending = this.#sender.close();
    const isStable = this.#platform.clock.monotonic() - since >= settings.reconnect.resetWindowMs;
    this.#failures = isStable ? 1 : this.#failures + 1;
    if (this.#stopping.signal.aborted) return 'ended';
    if (isRenewed) {
      this.#failures = 0;
      return 'renewed';
    }
    this.#platform.log.warn('bridge.disconnected', { host, reason, closeDetail: connection.session.closeDetail });
    void report.down();
    // Neither is the message's doing: nobody answered, or we ended it ourselves.
    if (!wasSending || reason === 'keep-alive-timeout' || reason === 'disconnect') return 'ended';
    const buried = await outbox.strike();
    if (!buried) return 'ended';
    this.#sender.forget(buried.sequence);
    report.buried(buried.message.topic, buried.isKept);
    return 'ended';
  }

  async #open(access: HubAccess): Promise<ClientConnection> {
    const { hub, reach, settings } = this.#options;
    const opened = Promise.withResolvers<ClientConnection>();
    // Nobody may be waiting for it.
    opened.promise.catch(() => {});
    try {
      const connection = await openHubSession(this.#platform, settings, {
        reach,
        access,
        packetIds: this.#sender.packetIds,
        onMessage: (message) => this.#deliver(message, opened.promise),
        signal: this.#stopping.signal,
      });
      opened.resolve(connection);
      hub.reached();
      this.#connection = connection;
      return connection;
    } catch (error) {
      opened.reject(error);
      hub.missed(error instanceof ConnectRefused ? 'refused' : 'unreachable');
      throw error;
    }
  }

  /**
   * A hub ends the connection when the token ends. So before that, nothing more is sent, what is under way is waited for, and
   * the next connection, with a new token, takes up where this one left off.
   */
  #renewInTime({ session }: ClientConnection): Cancel {
    const { tokenMs } = this.#options.settings;
    const { clock } = this.#platform;
    let cancelDrain: Cancel = () => {};
    const cancel = clock.calendar.after(tokenMs - Math.min(renewalMsMax, tokenMs * renewalShare), () => {
      if (!session.isConnected) return;
      cancelDrain = clock.after(drainMsMax, () => session.disconnect());
      this.#sender.drain(() => session.disconnect());
    });
    return () => {
      cancel();
      cancelDrain();
    };
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
        this.#platform.log.warn('bridge.delivery-failed', { error: String(error) });
        // Acknowledgements go in order, so this one would hold up all behind it. On the next connection the hub sends it again.
        if (qos > 0)
          opened.then(
            ({ session }) => session.disconnect(),
            () => {},
          );
      });
  }

  /** The same reason again and again is told once. */
  async #tellRefusal(error: unknown): Promise<void> {
    const { settings, reach, report } = this.#options;
    const certificate = await loadDeviceCertificate(settings.credential);
    const { text, needsPerson } = connectTrouble(error, { deviceId: this.#name, certificate, now: reach.time.now() });
    if (text === this.#lastRefusal || this.#stopping.signal.aborted) return;
    this.#lastRefusal = text;
    this.#platform.log.warn('bridge.connect-failed', { deviceId: this.#name, error: text });
    // Not waited for: a local broker that is away must not hold up the next attempt.
    void (needsPerson ? report.stuck(text) : report.unstuck());
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
