import type { CalendarClock, Cancel } from '#base/clock.ts';
import type { Instant } from '#base/instant.ts';
import type { DeliveredMessage, QueuedMessage } from './message.ts';

/** Somebody connected who takes messages as they come. */
export type Receiver = {
  /** How many more it takes now: its window, less what it has not settled. */
  readonly room: number;
  /** Hands over a message, which is to be settled by its token; false when it could not be sent after all. */
  deliver(message: DeliveredMessage): boolean;
};

/** A message without its content, which is with the device. */
export type HeldMessage = Omit<QueuedMessage, 'body'>;

type Lock = { readonly message: HeldMessage; readonly until: Instant };

/**
 * One receiver and the messages that it holds. Its locks live in memory because they end with its connection, and so
 * with the process: after a crash nothing is held by somebody who is gone.
 */
export class Attachment {
  readonly receiver: Receiver;
  readonly #clock: CalendarClock;
  readonly #locks = new Map<string, Lock>();
  /** Settled by the receiver, and not stored yet: nobody's, but not to be delivered either. */
  readonly #settling = new Set<number>();
  /** What it had before and has not settled. */
  readonly #seen = new Set<number>();
  #alarm: { readonly at: Instant; readonly cancel: Cancel } | undefined;
  isDetached = false;
  /** Whether messages may wait that it has not been offered. */
  hasMore = true;
  isQueued = false;

  constructor(clock: CalendarClock, receiver: Receiver) {
    this.#clock = clock;
    this.receiver = receiver;
  }

  /** What is in its hands, or on the way out of them. */
  get heldSequences(): number[] {
    return [...[...this.#locks.values()].map(({ message }) => message.sequence), ...this.#settling];
  }

  get firstUnlock(): Instant | undefined {
    const [first] = this.#locks.values();
    return first?.until;
  }

  holds(sequence: number): boolean {
    return this.heldSequences.includes(sequence);
  }

  /** Offers `message` under this lock; false when it was not taken. */
  offer(message: QueuedMessage, lockToken: string, until: Instant): boolean {
    const { body: _, ...held } = message;
    const { sequence } = message;
    const isRedelivered = this.#seen.has(sequence);
    // Before it is handed over, since the receiver may settle it at once.
    this.#locks.set(lockToken, { message: held, until });
    this.#seen.add(sequence);
    if (this.receiver.deliver({ ...message, lockToken, isRedelivered })) return true;
    this.#locks.delete(lockToken);
    if (!isRedelivered) this.#seen.delete(sequence);
    return false;
  }

  /** Takes the message out of its hands; undefined when it does not hold it, or no longer. Owed one `settled`. */
  take(lockToken: string): HeldMessage | undefined {
    const lock = this.#locks.get(lockToken);
    if (!lock || lock.until <= this.#clock.now()) return undefined;
    this.#locks.delete(lockToken);
    this.#settling.add(lock.message.sequence);
    return lock.message;
  }

  /** What the receiver said of the message is stored, or could not be. */
  settled(sequence: number): void {
    this.#settling.delete(sequence);
  }

  /** Lets go of what it holds for too long. */
  release(now: Instant): HeldMessage[] {
    const released: HeldMessage[] = [];
    for (const [lockToken, { message, until }] of this.#locks) {
      if (until > now) continue;
      this.#locks.delete(lockToken);
      released.push(message);
    }
    return released;
  }

  /** The message is no more. */
  forget(sequence: number): void {
    this.#seen.delete(sequence);
    for (const [lockToken, { message }] of this.#locks) if (message.sequence === sequence) this.#locks.delete(lockToken);
  }

  /** Calls `run` at `at`, unless it is to be called before. */
  wake(at: Instant, run: () => unknown): void {
    if (this.isDetached || (this.#alarm && this.#alarm.at <= at)) return;
    this.#alarm?.cancel();
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#alarm = undefined;
      return run();
    });
    this.#alarm = { at, cancel };
  }

  /** What it held. */
  detach(): HeldMessage[] {
    this.isDetached = true;
    this.#alarm?.cancel();
    this.#alarm = undefined;
    const held = [...this.#locks.values()].map(({ message }) => message);
    this.#locks.clear();
    return held;
  }
}
