import { Problem } from '#base/problem.ts';
import type { Carrier } from './delivery.ts';
import { attemptsMax, callBytesMax, callEventsMax } from './limits.ts';
import type { PushClient, PushFailure } from './push-client.ts';
import { type RoutedRead, readRouted } from './read-routed.ts';
import type { RoutedEvent } from './routed-event.ts';

export type PushCarrierOptions = {
  readonly read: RoutedRead;
  readonly client: PushClient;
  /** Keeps what is never taken. Throws Problem `quota-exceeded` when it has no room. */
  bury(event: RoutedEvent, reason: string): Promise<void>;
  /** Of what was taken, where somebody follows messages. */
  readonly onDelivered?: ((events: readonly RoutedEvent[]) => void) | undefined;
};

/** Under load, events of so long are one call. */
const gatherMs = 20;

/**
 * Hands events on in calls of several. One that is refused is looked for among those it came with, and is put aside; the
 * others go on. One that makes a destination fail again and again, by itself, is put aside too.
 */
export class PushCarrier implements Carrier {
  readonly gatherMs = gatherMs;
  readonly isPeriodic = false;
  readonly #options: PushCarrierOptions;
  /** Fewer after a failure, one in the end, so that the event to blame is alone. */
  #eventsMax = callEventsMax;
  #failedAt: { readonly position: number; readonly times: number } | undefined;
  /** Deliveries and replays share a client, and take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PushCarrierOptions) {
    this.#options = options;
  }

  async carry(from: number, reached: (position: number) => void): Promise<number> {
    const { read } = this.#options;
    const { events, next } = await readRouted(read, from, { events: this.#eventsMax, bytes: callBytesMax });
    await this.#deliver(events, reached);
    return next;
  }

  /** Sends one event apart from the others; undefined when it was taken. */
  async retry(event: RoutedEvent): Promise<PushFailure | undefined> {
    return (await this.#push([event])).failure;
  }

  close(): void {
    this.#options.client.close();
  }

  async #deliver(events: readonly RoutedEvent[], reached: (position: number) => void): Promise<void> {
    if (events.length === 0) return;
    const { delivered, failure } = await this.#push(events);
    this.#options.onDelivered?.(events.slice(0, delivered));
    const last = events[delivered - 1];
    if (last) {
      this.#failedAt = undefined;
      this.#eventsMax = Math.min(callEventsMax, this.#eventsMax * 2);
      reached(last.next);
    }
    const rest = events.slice(delivered);
    const [first] = rest;
    if (!failure || !first) return;
    if (failure.kind === 'refused') {
      if (rest.length === 1 || failure.isOfFirst) {
        await this.#bury(first, failure.reason, reached);
        return this.#deliver(rest.slice(1), reached);
      }
      const half = Math.ceil(rest.length / 2);
      await this.#deliver(rest.slice(0, half), reached);
      return this.#deliver(rest.slice(half), reached);
    }
    if (failure.kind === 'failed' && (await this.#countFailure(first, rest.length, failure, reached))) return;
    throw new Problem('unavailable', failure.reason);
  }

  /** True when the event was given up. */
  async #countFailure(
    event: RoutedEvent,
    count: number,
    { reason }: PushFailure,
    reached: (position: number) => void,
  ): Promise<boolean> {
    this.#eventsMax = Math.max(1, Math.floor(count / 2));
    if (count > 1) return false;
    const times = (this.#failedAt?.position === event.position ? this.#failedAt.times : 0) + 1;
    this.#failedAt = { position: event.position, times };
    if (times < attemptsMax) return false;
    await this.#bury(event, reason, reached);
    return true;
  }

  async #bury(event: RoutedEvent, reason: string, reached: (position: number) => void): Promise<void> {
    await this.#options.bury(event, reason);
    this.#failedAt = undefined;
    reached(event.next);
  }

  #push(events: readonly RoutedEvent[]) {
    const result = this.#turn.then(() => this.#options.client.push(events));
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
