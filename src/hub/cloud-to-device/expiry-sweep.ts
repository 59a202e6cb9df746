import type { Cancel } from '#base/clock.ts';
import { type Instant, plus, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { HeldMessage } from './attachment.ts';
import type { MessageStore } from './message-store.ts';

const pageSize = 100;
/** After a failure of the database. */
const retryMs = 10 * secondMs;

/** Ends messages when their time is over: one timer for a hub, set to the next that expires. */
export class ExpirySweep {
  readonly #platform: Platform;
  readonly #store: Pick<MessageStore, 'listExpired' | 'nextExpiry'>;
  /** Whether it ended; false for one that is still in somebody's hands. */
  readonly #expire: (message: HeldMessage) => Promise<boolean>;
  #due: { readonly at: Instant; readonly cancel: Cancel } | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    platform: Platform,
    store: Pick<MessageStore, 'listExpired' | 'nextExpiry'>,
    expire: (message: HeldMessage) => Promise<boolean>,
  ) {
    this.#platform = platform;
    this.#store = store;
    this.#expire = expire;
  }

  /** Something expires at `at`. */
  dueAt(at: Instant): void {
    if (this.#isStopped || (this.#due && this.#due.at <= at)) return;
    this.#due?.cancel();
    const { calendar } = this.#platform.clock;
    const cancel = calendar.after(Math.max(0, at - calendar.now()), () => {
      this.#due = undefined;
      this.#running = this.#running.then(() => this.#run());
      return this.#running;
    });
    this.#due = { at, cancel };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#due?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    if (this.#isStopped) return;
    const now = this.#platform.clock.now();
    try {
      for (let ended = true; ended; ) {
        ended = false;
        const page = await this.#store.listExpired(now, pageSize);
        for (const message of page) if (await this.#expire(message)) ended = true;
        if (page.length < pageSize) break;
      }
      const next = await this.#store.nextExpiry(now);
      if (next !== undefined) this.dueAt(next);
    } catch (error) {
      this.#platform.log.error('cloud-to-device.unswept', { error: String(error) });
      this.dueAt(plus(now, retryMs));
    }
  }
}
