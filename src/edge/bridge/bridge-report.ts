import type { Cancel } from '#base/clock.ts';
import { minuteMs, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import type { Outbox } from '../outbox/outbox.ts';

export type BridgeReportOptions = {
  readonly outbox: Pick<Outbox, 'state' | 'depth' | 'dropped' | 'buried'>;
  readonly publish: (message: LocalMessage) => Promise<void>;
  /** First level of local topics. */
  readonly topicRoot: string;
  /** Of the main device. */
  readonly mainTopicId: string;
  readonly prefix: string;
  readonly pid: number;
  /** Whose bridge it is, when it is a child device's: errors begin with its name. */
  readonly child?: string;
};

/** What health says of a certificate that ends soon, or has ended. */
export type CertificateState = { readonly status: 'expires-soon' | 'expired'; readonly endsAt: string };

/** No more of a stranger's topic is echoed (thin-edge.md 11.3). */
const echoedMax = 80;

/**
 * Says on the local topics how the bridge is: its health, retained, and what went wrong on the error topics of both
 * generations. What the outbox dropped is told once a minute, as a number.
 */
export class BridgeReport {
  readonly #platform: Platform;
  readonly #options: BridgeReportOptions;
  #isUp = false;
  #reason: string | undefined;
  #certificate: CertificateState | undefined;
  #dropped: number;
  #state: string;
  #cancel: Cancel = () => {};

  constructor(platform: Platform, options: BridgeReportOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#dropped = options.outbox.dropped;
    this.#state = options.outbox.state;
  }

  /** The topic of the bridge's health. */
  get topic(): string {
    const { topicRoot, mainTopicId, prefix } = this.#options;
    const [kind = '', device = ''] = mainTopicId.split('/');
    return `${topicRoot}/${kind}/${device}/service/tedge-mapper-bridge-${prefix}/status/health`;
  }

  start(): void {
    this.#cancel = this.#platform.clock.calendar.after(minuteMs, () => {
      this.start();
      return this.#look();
    });
  }

  stop(): void {
    this.#cancel();
  }

  up(): Promise<void> {
    this.#isUp = true;
    this.#reason = undefined;
    return this.#sayHealth();
  }

  down(): Promise<void> {
    this.#isUp = false;
    return this.#sayHealth();
  }

  /** There is no connection, and waiting alone does not make one: somebody is told why. */
  stuck(reason: string): Promise<void> {
    this.#isUp = false;
    this.#reason = reason;
    this.#sayError(reason);
    return this.#sayHealth();
  }

  /** There is still no connection, but nobody need do anything. */
  async unstuck(): Promise<void> {
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    await this.#sayHealth();
  }

  /** `advice` is told as an error. */
  async certificate(state: CertificateState | undefined, advice: string | undefined): Promise<void> {
    const isChanged = state?.status !== this.#certificate?.status || state?.endsAt !== this.#certificate?.endsAt;
    this.#certificate = state;
    if (advice !== undefined) this.#sayError(advice);
    if (isChanged) await this.#sayHealth();
  }

  tooLarge(topic: string, bytes: number, bytesMax: number): void {
    this.#sayError(`The message on ${printable(topic, echoedMax)} has ${bytes} bytes; at most ${bytesMax} go to the hub.`);
  }

  topicTooLong(topic: string): void {
    this.#sayError(`The message on ${printable(topic, echoedMax)} was not sent to the hub: its topic is too long.`);
  }

  /** A child device that cannot be told the hub under a name of its own. */
  childRefused(reason: string): void {
    this.#sayError(reason);
  }

  buried(topic: string, isKept: boolean): void {
    const where = isKept ? 'put aside in dead-letters.jsonl' : 'given up, since dead-letters.jsonl is full';
    this.#sayError(`The hub ended the connection three times at one message on ${printable(topic, echoedMax)}: it was ${where}.`);
  }

  async #look(): Promise<void> {
    const { dropped, state } = this.#options.outbox;
    const isChanged = dropped !== this.#dropped || state !== this.#state;
    if (dropped !== this.#dropped) {
      this.#sayError(`The outbox was full and dropped the oldest ${dropped - this.#dropped} messages, ${dropped} in all.`);
    }
    if (state === 'full' && state !== this.#state) this.#sayError('The disk of the outbox is full: messages are held in memory.');
    if (state === 'failed' && state !== this.#state)
      this.#sayError('The disk of the outbox failed: messages are held in memory.');
    this.#dropped = dropped;
    this.#state = state;
    if (isChanged) await this.#sayHealth();
  }

  #sayHealth(): Promise<void> {
    const { outbox, pid } = this.#options;
    const { dropped, buried, depth, state } = outbox;
    const isDegraded = dropped > 0 || buried > 0 || state === 'full' || state === 'failed';
    const health = {
      pid,
      status: this.#isUp ? 'up' : 'down',
      time: this.#platform.clock.now() / secondMs,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.#certificate ? { certificate: this.#certificate } : {}),
      ...(isDegraded ? { outbox: { state, waiting: depth, dropped, putAside: buried } } : {}),
    };
    return this.#publish(this.topic, JSON.stringify(health), true);
  }

  #sayError(what: string): void {
    const { child } = this.#options;
    const text = child === undefined ? what : `Child device ${child}: ${what}`;
    for (const topic of [`${this.#options.topicRoot}/errors`, 'tedge/errors']) void this.#publish(topic, text, false);
  }

  async #publish(topic: string, text: string, retain: boolean): Promise<void> {
    try {
      await this.#options.publish({ topic, payload: Buffer.from(text), qos: 1, retain });
    } catch (error) {
      this.#platform.log.warn('bridge.report-failed', { topic, error: String(error) });
    }
  }
}
