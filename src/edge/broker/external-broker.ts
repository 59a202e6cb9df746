import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { ClientConnection } from '#wire/mqtt/client-connection.ts';
import type { InboundPublish, OversizePublish, Will } from '#wire/mqtt/packet.ts';
import { localQueueMax } from './limits.ts';
import { openLocalClient } from './local-client.ts';
import type { LocalMessage } from './local-message.ts';

export type ExternalBrokerOptions = {
  readonly host: string;
  readonly port: number;
  /** A session that stays: what is published while we are away is there when we come back. */
  readonly clientId: string;
  readonly filters: readonly string[];
  readonly will: Will;
  /** As of the embedded broker; the message is acknowledged to the broker when the promise resolves. */
  readonly intercept: (message: LocalMessage) => Promise<void> | undefined;
  /** What is larger than a local packet may be is acknowledged and told here: a broker would send it again and again. */
  readonly onOversize: (message: OversizePublish) => void;
};

type Waiting = { readonly message: LocalMessage; readonly done: PromiseWithResolvers<void> };

const retryMs = 1_000;

/**
 * A broker that was there already, such as Mosquitto: we are one of its clients. What is published while it is away waits
 * in memory, up to a limit.
 */
export class ExternalBroker {
  readonly #platform: Platform;
  readonly #options: ExternalBrokerOptions;
  #connection: ClientConnection | undefined;
  #waiting: Waiting[] = [];
  #sent: Waiting[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wake = () => {};

  constructor(platform: Platform, options: ExternalBrokerOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  publish(message: LocalMessage): Promise<void> {
    if (this.#waiting.length >= localQueueMax) return Promise.reject(new Problem('unavailable', 'The local broker is away.'));
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ message, done });
    this.#send();
    return done.promise;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    this.#connection?.session.disconnect();
    await this.#running;
    for (const { done } of [...this.#sent, ...this.#waiting]) done.reject(new Problem('unavailable', 'The bridge has stopped.'));
  }

  async #run(): Promise<void> {
    let lastWhy = '';
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#connectOnce();
        lastWhy = '';
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (why !== lastWhy) this.#platform.log.warn('broker.connect-failed', { error: why });
        lastWhy = why;
      }
      if (!this.#stopping.signal.aborted) await this.#pause();
    }
  }

  async #connectOnce(): Promise<void> {
    const { clock } = this.#platform;
    const { host, port, clientId, will, filters, onOversize } = this.#options;
    const opened = Promise.withResolvers<ClientConnection>();
    opened.promise.catch(() => {});
    try {
      this.#connection = await openLocalClient({
        ...{ clock, host, port, clientId, will, cleanSession: false, acknowledgesLater: true, signal: this.#stopping.signal },
        onMessage: (message) => this.#receive(message, opened.promise),
        onOversize,
      });
      opened.resolve(this.#connection);
    } catch (error) {
      opened.reject(error);
      throw error;
    }
    const { session, closed } = this.#connection;
    session.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
    this.#send();
    await closed;
    this.#connection = undefined;
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent = [];
  }

  #receive({ topic, payload, qos, retain, packetId }: InboundPublish, opened: Promise<ClientConnection>): void {
    const safe = async () => {
      await this.#options.intercept({ topic, payload: Buffer.from(payload), qos: qos === 0 ? 0 : 1, retain });
      if (qos > 0) (await opened).session.acknowledge(packetId);
    };
    safe().catch(async (error: unknown) => {
      this.#platform.log.warn('broker.message-refused', { error: String(error) });
      // Connected anew, the broker sends again what was not acknowledged.
      (await opened.catch(() => undefined))?.session.disconnect();
    });
  }

  #send(): void {
    for (let next = this.#waiting[0]; next && this.#connection; next = this.#waiting[0]) {
      const waiting = next;
      const isSent = this.#connection.session.publish(waiting.message, () => {
        this.#sent = this.#sent.filter((sent) => sent !== waiting);
        waiting.done.resolve();
        this.#send();
      });
      if (!isSent) return;
      this.#waiting.shift();
      if (waiting.message.qos > 0) this.#sent.push(waiting);
      else waiting.done.resolve();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#platform.clock.after(retryMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
