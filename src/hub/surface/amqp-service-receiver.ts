import type { Cancel } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { AmqpError, AmqpOutcome } from '#wire/amqp/handler.ts';
import type { AmqpLink } from '#wire/amqp/link.ts';
import { amqpError, amqpErrorOf } from './amqp-errors.ts';
import type { ServeLink, ServiceLink } from './service-links.ts';

/** What waits for back ends, who share it: what one receives is its own until it settles it, or its lock is over. */
export type ServiceQueue = {
  /** Calls `listener` when there may be something that was not there before. */
  onArrival(listener: () => void): Cancel;
  /** The oldest that nobody has, as it goes over the wire; undefined when there is none. */
  receive(): Promise<{ readonly lockToken: string; readonly message: Buffer } | undefined>;
  complete(lockToken: string): Promise<void>;
  abandon(lockToken: string): Promise<void>;
  reject(lockToken: string): Promise<void>;
};

export type ServiceReceiverOptions = {
  readonly platform: Platform;
  readonly queue: ServiceQueue;
  readonly link: AmqpLink;
  readonly trackingId: string;
};

/** What one link may hold and has not settled, however much credit it gives. */
const unsettledMax = 100;

/** As long as a lock lasts: what somebody received and never settled is looked for so often. */
const lookAgainMs = minuteMs;

/** One link on which a back end receives, among others that compete with it (hub-service-protocol.md 8.4, 8.5). */
export class ServiceReceiver implements ServiceLink {
  readonly #options: ServiceReceiverOptions;
  /** Lock tokens by delivery tag. */
  readonly #unsettled = new Map<string, string>();
  readonly #cancelArrivals: Cancel;
  #cancelLook: Cancel = () => {};
  #isFilling = false;
  #isMoreWanted = false;
  #isEnded = false;

  constructor(options: ServiceReceiverOptions) {
    this.#options = options;
    this.#cancelArrivals = options.queue.onArrival(() => this.writable());
    this.writable();
  }

  /** ServiceLink. */
  writable(): void {
    this.#isMoreWanted = true;
    if (this.#isFilling || this.#isEnded) return;
    this.#isFilling = true;
    this.#fill()
      .catch((error) => this.#report(error))
      .finally(() => {
        this.#isFilling = false;
        this.#lookAgain();
      });
  }

  /** ServiceLink. */
  async outcome(tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    const lockToken = this.#unsettled.get(tag.toString('hex'));
    if (lockToken === undefined) return undefined;
    this.#unsettled.delete(tag.toString('hex'));
    try {
      await this.#settle(outcome, lockToken);
      return undefined;
    } catch (error) {
      this.#report(error);
      const { trackingId } = this.#options;
      const problem = asProblem(error);
      if (problem.reason !== 'lock-lost') return amqpErrorOf(problem, trackingId);
      return amqpError('com.microsoft:message-lock-lost', problem.message, trackingId, 412002);
    } finally {
      this.writable();
    }
  }

  /** ServiceLink. What is not settled comes again when its lock is over. */
  ended(): void {
    this.#isEnded = true;
    this.#cancelArrivals();
    this.#cancelLook();
  }

  get #hasRoom(): boolean {
    return !this.#isEnded && this.#options.link.credit > 0 && this.#unsettled.size < unsettledMax;
  }

  async #fill(): Promise<void> {
    const { queue, link } = this.#options;
    while (this.#isMoreWanted && this.#hasRoom) {
      this.#isMoreWanted = false;
      const next = await queue.receive();
      if (!next) continue;
      this.#isMoreWanted = true;
      // Sixteen bytes and nothing else: .NET makes the lock token of them again.
      const tag = Buffer.from(next.lockToken.replaceAll('-', ''), 'hex');
      this.#unsettled.set(tag.toString('hex'), next.lockToken);
      if (!this.#isEnded && link.credit > 0 && link.send(next.message, tag)) {
        if (link.isPresettled) await this.outcome(tag, 'accepted');
        continue;
      }
      this.#unsettled.delete(tag.toString('hex'));
      await queue.abandon(next.lockToken);
      return;
    }
  }

  #lookAgain(): void {
    this.#cancelLook();
    if (this.#isEnded) return;
    this.#cancelLook = this.#options.platform.clock.calendar.after(lookAgainMs, () => this.writable());
  }

  async #settle(outcome: AmqpOutcome, lockToken: string): Promise<void> {
    const { queue } = this.#options;
    if (outcome === 'accepted') await queue.complete(lockToken);
    else if (outcome === 'rejected') await queue.reject(lockToken);
    else await queue.abandon(lockToken);
  }

  #report(error: unknown): void {
    if (error instanceof Problem) return;
    const { platform, trackingId } = this.#options;
    platform.log.error('service-link.failed', { trackingId, error: String(error) });
  }
}

export function serveReceiver(platform: Platform, queue: ServiceQueue): ServeLink {
  return ({ request, peer: { trackingId } }) => {
    if (request.isIncoming) return { refuse: amqpError('amqp:not-allowed', 'Nothing is sent to this address.', trackingId) };
    return { accept: (link) => new ServiceReceiver({ platform, queue, link, trackingId }) };
  };
}
