import type { Cancel } from '#base/clock.ts';
import { hourMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { RevocationLists } from './revocation/revocation-lists.ts';
import type { Rotation } from './tenants/rotation.ts';

/** A day's lists and a rotation of months are not in a hurry; what is, such as a suspended device, does not wait for this. */
const upkeepMs = 6 * hourMs;

/** What the service does by itself as time passes: CAs follow each other, and lists are made anew. */
export class Upkeep {
  readonly #platform: Platform;
  readonly #rotation: Rotation;
  readonly #revocation: RevocationLists;
  #cancel: Cancel | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(platform: Platform, rotation: Rotation, revocation: RevocationLists) {
    this.#platform = platform;
    this.#rotation = rotation;
    this.#revocation = revocation;
  }

  /** One round; never throws. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#run());
    return this.#running;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#platform.clock.calendar.after(upkeepMs, () => this.run().then(() => this.start()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#running;
    await this.#revocation.stop();
  }

  async #run(): Promise<void> {
    try {
      await this.#rotation.run();
      // What could not be signed was logged, and is tried again by itself.
      await this.#revocation.refresh().catch(() => undefined);
    } catch (error) {
      this.#platform.log.error('sphere.upkeep-failed', { error: String(error) });
    }
  }
}
