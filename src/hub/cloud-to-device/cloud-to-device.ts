import { type Instant, minuteMs, plus, secondMs } from '#base/instant.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction } from '#storage/transaction.ts';
import { describeIdentity } from '../identity.ts';
import { IdentityQueue } from '../identity-queue.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { Modules } from '../registry/modules.ts';
import type { Registry } from '../registry/registry.ts';
import { Attachment, type HeldMessage, type Receiver } from './attachment.ts';
import { ExpirySweep } from './expiry-sweep.ts';
import { Feedback, lockLost, type Outcome } from './feedback.ts';
import { type CloudToDeviceLimits, type CloudToDeviceSettings, cloudToDeviceLimits } from './limits.ts';
import { checkMessage, type LockedMessage, type NewMessage, type QueuedMessage } from './message.ts';
import { MessageStore } from './message-store.ts';
import { inputQueue, parseQueueName, queueOf } from './queue-name.ts';

export type CloudToDeviceOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly hub: string;
  readonly registry: Pick<Registry, 'require'> & { readonly modules: Pick<Modules, 'require'> };
  readonly settings: CloudToDeviceSettings;
  /** Default: the cloud's. */
  readonly limits?: CloudToDeviceLimits;
  readonly quotas?: Pick<Quotas, 'take'>;
};

/** What became of a message, as it is counted. */
const endNames: Record<Outcome, string> = {
  Success: 'completed',
  Expired: 'expired',
  DeliveryCountExceeded: 'given-up',
  Rejected: 'rejected',
  Purged: 'purged',
};

/** A receiver's hold on its queue. */
export type Delivery = {
  /** It has room again. */
  resume(): void;
  /** It takes nothing more; what it has not settled waits for the next one, and was not abandoned by that. */
  detach(): void;
};

/** After a failure of the database. */
const retryMs = secondMs;

/**
 * Messages to devices, modules and the inputs of modules, by the name of their queue, which is that of the identity but
 * for inputs (queue-name.ts): enqueued → locked → completed, or enqueued again after
 * an abandonment or when the lock is over, or given up (expired, rejected, abandoned too often, purged). First in, first
 * out per queue; what `send` has reported is on disk, and what `complete` has reported is never delivered again.
 *
 * A message is locked for a receiver that is attached, or for who fetches it by `receive`; both settle it by its token.
 */
export class CloudToDevice {
  readonly feedback: Feedback;
  readonly limits: CloudToDeviceLimits;
  readonly #options: CloudToDeviceOptions;
  readonly #store: MessageStore;
  readonly #queue = new IdentityQueue();
  readonly #attachments = new Map<string, Attachment>();
  readonly #sweep: ExpirySweep;

  constructor(options: CloudToDeviceOptions) {
    const { platform, database, hub, settings } = options;
    this.#options = options;
    this.limits = options.limits ?? cloudToDeviceLimits;
    this.#store = new MessageStore(database, hub);
    this.feedback = new Feedback(platform, database, hub, settings);
    this.#sweep = new ExpirySweep(platform, this.#store, (message) => this.#expire(message));
  }

  start(): void {
    this.#sweep.dueAt(this.#now());
  }

  async stop(): Promise<void> {
    await this.#sweep.stop();
    for (const attachment of this.#attachments.values()) attachment.detach();
    this.#attachments.clear();
    await this.#queue.idle();
  }

  /**
   * Resolves when the message is stored. Throws Problem `argument-invalid` (with reason `message-expiry` for an expiry in
   * the past or too far away), `payload-too-large`, `device-not-found`, for a module `not-found`, `throttled`, or
   * `quota-exceeded` with reason `queue-depth`.
   */
  async send(identity: string, message: NewMessage): Promise<QueuedMessage> {
    const generationId = await this.#require(identity);
    const now = this.#now();
    const { timeToLiveMs, acknowledgement, application = [], ...parts } = message;
    const expiresAt = message.expiresAt ?? (timeToLiveMs === undefined ? undefined : plus(now, timeToLiveMs));
    const fresh: QueuedMessage = {
      ...parts,
      identity: parseQueueName(identity).identity,
      generationId,
      sequence: 0,
      acknowledgement,
      application,
      enqueuedAt: now,
      expiresAt: expiresAt ?? plus(now, this.#options.settings.timeToLiveMs),
      isExpiryAsked: expiresAt !== undefined,
      deliveryCount: 0,
    };
    checkExpiry(fresh.expiresAt, now, this.limits.timeToLiveMsMax);
    checkMessage(fresh, this.limits);
    this.#options.quotas?.take('cloudToDevice', identity);
    const queue = queueOf(fresh);
    const queued = await this.#queue.run(queue, () => this.#enqueue(queue, fresh));
    this.#count('queued');
    this.#sweep.dueAt(queued.expiresAt);
    this.#offerMore(queue);
    return queued;
  }

  /** The oldest message that nobody holds, locked for the caller; undefined when there is none. */
  receive(identity: string): Promise<LockedMessage | undefined> {
    return this.#queue.run(identity, async () => {
      const now = this.#now();
      const attachment = this.#attachments.get(identity);
      const [message] = await this.#store.listDeliverable(identity, now, attachment?.heldSequences ?? [], 1);
      if (!message) return undefined;
      const lockToken = this.#options.platform.random.uuid();
      const until = plus(now, this.#options.settings.lockMs);
      await this.#store.lock(identity, message.sequence, lockToken, until);
      attachment?.wake(until, () => this.#offerMore(identity));
      return { ...message, lockToken };
    });
  }

  /** Delivers to `receiver` from now on, in place of any earlier one of this identity. Never within this call. */
  attach(identity: string, receiver: Receiver): Delivery {
    this.#detach(identity, this.#attachments.get(identity));
    const attachment = new Attachment(this.#options.platform.clock.calendar, receiver);
    this.#attachments.set(identity, attachment);
    this.#offer(identity, attachment);
    return {
      resume: () => {
        if (attachment.hasMore) this.#offer(identity, attachment);
      },
      detach: () => this.#detach(identity, attachment),
    };
  }

  /** The device has it for good. Resolves when that is stored. Throws Problem `precondition-failed` with reason `lock-lost`. */
  complete(identity: string, lockToken: string): Promise<void> {
    return this.#settle(identity, lockToken, (message) => this.#end(message, 'Success'));
  }

  /** The device will not have it. Throws as `complete` does. */
  reject(identity: string, lockToken: string): Promise<void> {
    return this.#settle(identity, lockToken, (message) => this.#end(message, 'Rejected'));
  }

  /** The device wants it again; given back too often it is given up. Throws as `complete` does. */
  abandon(identity: string, lockToken: string): Promise<void> {
    return this.#settle(identity, lockToken, async (message) => {
      const deliveryCount = message.deliveryCount + 1;
      if (deliveryCount > this.#options.settings.deliveryCountMax) return this.#end(message, 'DeliveryCountExceeded');
      await this.#store.unlock(identity, message.sequence, deliveryCount);
      this.#unlocked([message]);
      this.#offerMore(identity);
      return true;
    });
  }

  /** Gives up everything that waits, and says how much that was. Throws Problem `device-not-found`, for a module `not-found`. */
  async purge(identity: string): Promise<number> {
    await this.#require(identity);
    return this.#queue.run(identity, async () => {
      let purged = 0;
      for (const message of await this.#store.list(identity)) if (await this.#end(message, 'Purged')) purged += 1;
      return purged;
    });
  }

  async count(identity: string): Promise<number> {
    return (await this.countMany([identity])).get(identity) ?? 0;
  }

  /** What waits for the inputs of a module. */
  countInputs(module: string): Promise<number> {
    return this.count(inputQueue(module));
  }

  /** Of at most a page of them; those for whom nothing waits are missing. */
  countMany(identities: readonly string[]): Promise<Map<string, number>> {
    return this.#store.countMany(identities, this.#now());
  }

  async #require(identity: string): Promise<string> {
    const { registry } = this.#options;
    const { deviceId, moduleId } = parseQueueName(identity).identity;
    const device = await registry.require(deviceId);
    return (moduleId === undefined ? device : await registry.modules.require(deviceId, moduleId)).generationId;
  }

  async #enqueue(identity: string, fresh: QueuedMessage): Promise<QueuedMessage> {
    const { pendingMax } = this.limits;
    try {
      return await inTransaction(this.#options.database, async (transaction) => {
        const { pending, lastSequence } = await this.#store.measure(transaction, identity, fresh.enqueuedAt);
        if (pending >= pendingMax) {
          const detail = `${pendingMax} messages wait for the ${describeIdentity(fresh.identity)}.`;
          throw new Problem('quota-exceeded', detail, { reason: 'queue-depth' });
        }
        // Time gives a floor, so that a number is not used again once its message is gone.
        const queued = { ...fresh, sequence: Math.max(fresh.enqueuedAt, lastSequence + 1) };
        await this.#store.insert(transaction, queued);
        return queued;
      });
    } catch (error) {
      // It may have been deleted a moment ago, and then the row has nothing to belong to.
      if (!(error instanceof Problem)) await this.#require(identity);
      throw error;
    }
  }

  /** `work` says whether the message was still there. */
  async #settle(identity: string, lockToken: string, work: (message: HeldMessage) => Promise<boolean>): Promise<void> {
    const attachment = this.#attachments.get(identity);
    // Now, not in its turn: a receiver that is detached next must not take the message with it.
    const held = attachment?.take(lockToken);
    try {
      await this.#queue.run(identity, async () => {
        try {
          const message = held ?? (await this.#store.findLocked(identity, lockToken, this.#now()));
          if (!message || !(await work(message))) throw lockLost();
        } finally {
          if (held) attachment?.settled(held.sequence);
        }
      });
    } catch (error) {
      if (held && !(error instanceof Problem)) this.#retry(identity, attachment);
      throw error;
    }
    if (attachment?.hasMore) this.#offer(identity, attachment);
  }

  /** The end of a message, with what its sender is to hear of it. Whether it was still there. */
  async #end(message: HeldMessage, outcome: Outcome): Promise<boolean> {
    const identity = queueOf(message);
    let isRecorded = false;
    const isEnded = await inTransaction(this.#options.database, async (transaction) => {
      if (!(await this.#store.delete(transaction, identity, message.sequence))) return false;
      isRecorded = await this.feedback.record(transaction, message, outcome);
      return true;
    });
    if (isRecorded) this.feedback.arrived();
    if (isEnded) this.#count(endNames[outcome]);
    this.#attachments.get(identity)?.forget(message.sequence);
    return isEnded;
  }

  #count(state: string): void {
    metricsOf(this.#options.platform).counter('homeport_messages_to_devices_total', { state }).value++;
  }

  #expire(message: HeldMessage): Promise<boolean> {
    const identity = queueOf(message);
    return this.#queue.run(identity, async () => {
      if (this.#attachments.get(identity)?.holds(message.sequence)) return false;
      return this.#end(message, 'Expired');
    });
  }

  #detach(identity: string, attachment: Attachment | undefined): void {
    if (!attachment || attachment.isDetached) return;
    this.#unlocked(attachment.detach());
    if (this.#attachments.get(identity) === attachment) this.#attachments.delete(identity);
  }

  /** A lock puts off the end of a message whose time is over; now it comes. */
  #unlocked(messages: readonly HeldMessage[]): void {
    const now = this.#now();
    if (messages.some(({ expiresAt }) => expiresAt <= now)) this.#sweep.dueAt(now);
  }

  /** Something waits that was not there before. */
  #offerMore(identity: string): void {
    const attachment = this.#attachments.get(identity);
    if (!attachment) return;
    attachment.hasMore = true;
    this.#offer(identity, attachment);
  }

  #offer(identity: string, attachment: Attachment): void {
    if (attachment.isQueued || attachment.isDetached) return;
    attachment.isQueued = true;
    this.#queue
      .run(identity, () => {
        attachment.isQueued = false;
        return this.#deliver(identity, attachment);
      })
      .catch((error) => {
        this.#options.platform.log.error('cloud-to-device.undelivered', { identity, error: String(error) });
        this.#retry(identity, attachment);
      });
  }

  #retry(identity: string, attachment: Attachment | undefined): void {
    if (!attachment) return;
    attachment.hasMore = true;
    attachment.wake(plus(this.#now(), retryMs), () => this.#offer(identity, attachment));
  }

  async #deliver(identity: string, attachment: Attachment): Promise<void> {
    if (attachment.isDetached) return;
    const { platform, settings } = this.#options;
    const now = this.#now();
    const released = attachment.release(now);
    if (released.length > 0) attachment.hasMore = true;
    this.#unlocked(released);
    const held = attachment.heldSequences;
    const room = Math.min(attachment.receiver.room, this.limits.pendingMax - held.length);
    if (room > 0 && attachment.hasMore) {
      const messages = await this.#store.listDeliverable(identity, now, held, room);
      if (attachment.isDetached) return;
      const until = plus(now, settings.lockMs);
      const isAllTaken = messages.every((message) => attachment.offer(message, platform.random.uuid(), until));
      attachment.hasMore = !isAllTaken || messages.length === room;
    }
    const due = [attachment.firstUnlock, await this.#store.nextUnlock(identity, now)].filter((at) => at !== undefined);
    const [next] = due.sort((a, b) => a - b);
    if (next !== undefined) attachment.wake(next, () => this.#offerMore(identity));
  }

  #now(): Instant {
    return this.#options.platform.clock.now();
  }
}

function checkExpiry(expiresAt: Instant, now: Instant, mostMs: number): void {
  if (expiresAt > now && expiresAt <= plus(now, mostMs)) return;
  throw new Problem('argument-invalid', `A message expires in the future, and within ${mostMs / minuteMs} minutes.`, {
    reason: 'message-expiry',
  });
}
