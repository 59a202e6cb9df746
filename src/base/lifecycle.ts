import type { Platform } from './platform.ts';

export type Part = { name: string; start?(): Promise<void>; stop?(): Promise<void> };

/** Starts parts in order and stops them in reverse; a part that does not stop in `deadlineMs` is given up with a warning. */
export class Lifecycle {
  readonly #platform: Platform;
  readonly #running: Part[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Starts `part`; when that fails, what ran before is stopped and the failure is passed on. */
  async start(part: Part): Promise<void> {
    try {
      await part.start?.();
      this.#running.push(part);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(deadlineMs = 10_000): Promise<void> {
    for (let part = this.#running.pop(); part; part = this.#running.pop()) await this.#stopOne(part, deadlineMs);
  }

  async #stopOne(part: Part, deadlineMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<'late'>();
    const cancel = this.#platform.clock.after(deadlineMs, () => resolve('late'));
    try {
      const outcome = await Promise.race([part.stop?.(), late]);
      if (outcome === 'late') this.#platform.log.warn('part.abandoned', { part: part.name, deadlineMs });
    } catch (error) {
      this.#platform.log.error('part.failed', { part: part.name, error: String(error) });
    } finally {
      cancel();
    }
  }
}
