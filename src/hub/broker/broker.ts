import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type Subscription, subscriptionRefused } from '#wire/mqtt/packet.ts';
import type { BrokerMessage } from './broker-message.ts';
import { BrokerSession, type SessionSurroundings } from './broker-session.ts';
import { BrokerStore } from './broker-store.ts';
import { Journal } from './journal.ts';
import { type BrokerLimits, filterBytesMax, sessionLevelsMax, topicLevelsMax } from './limits.ts';
import { RetainedMessages } from './retained-messages.ts';
import { SubscriptionTree } from './subscription-tree.ts';

/** `kept`: the sender may be told when the journal is written; `passed`: at once; `refused`: there is no room to retain it. */
export type PublishOutcome = 'kept' | 'passed' | 'refused';

/**
 * A plain MQTT 3.1.1 broker over one hub's devices: one topic tree, which every signed-in client may publish to and
 * subscribe in. What goes on between sign-in and socket is the surface's.
 */
export class Broker {
  readonly journal: Journal;
  readonly #platform: Platform;
  readonly #limits: BrokerLimits;
  readonly #surroundings: SessionSurroundings;
  readonly #tree = new SubscriptionTree<BrokerSession>();
  readonly #retained: RetainedMessages;
  readonly #sessions = new Map<string, BrokerSession>();

  static async open(platform: Platform, database: Database, hub: string, limits: BrokerLimits): Promise<Broker> {
    const store = new BrokerStore(database, hub);
    const broker = new Broker(platform, new Journal(platform, store), limits);
    const { sessions, retained } = await store.load();
    for (const kept of sessions) {
      const session = BrokerSession.restore(broker.#surroundings, kept);
      broker.#sessions.set(session.clientId, session);
      for (const [filter, qos] of session.subscriptions) broker.#tree.add(filter, session, qos);
    }
    for (const message of retained) broker.#retained.set(message);
    return broker;
  }

  private constructor(platform: Platform, journal: Journal, limits: BrokerLimits) {
    this.#platform = platform;
    this.journal = journal;
    this.#limits = limits;
    this.#retained = new RetainedMessages(limits);
    this.#surroundings = { platform, journal, limits, queued: { bytes: 0 } };
  }

  /** The session of a client that just signed in, and whether it is one that was there [MQTT-3.2.2-2]. Nobody else is connected to it. */
  begin({ deviceId, generationId }: DeviceCaller, isClean: boolean): { session: BrokerSession; isPresent: boolean } {
    const present = this.#sessions.get(deviceId);
    if (present?.isKept && !isClean && present.generationId === generationId) return { session: present, isPresent: true };
    if (present) this.#discard(present);
    const session = new BrokerSession(this.#surroundings, { clientId: deviceId, generationId, isKept: !isClean });
    this.#sessions.set(deviceId, session);
    session.save();
    return { session, isPresent: false };
  }

  /** The connection of `session` is gone. */
  end(session: BrokerSession): void {
    session.detach();
    if (!session.isKept && this.#sessions.get(session.clientId) === session) this.#discard(session);
  }

  /** The device was deleted: whoever gets its name finds nothing of it. */
  forget(deviceId: string): void {
    const session = this.#sessions.get(deviceId);
    if (session) this.#discard(session);
  }

  /** The SUBACK codes, in order. What is retained follows by itself. */
  subscribe(session: BrokerSession, filters: readonly Subscription[]): number[] {
    let retainedBytes = 0;
    const codes = filters.map(({ filter, qos }) => {
      // Only then does it matter, and it costs a look at all that is retained.
      if (session.isCrowded) retainedBytes += this.#retained.bytesOf(filter);
      if (!this.#mayHave(session, filter) || !session.mayAddRetained(retainedBytes)) return subscriptionRefused;
      this.#tree.add(filter, session, qos);
      session.subscribed(filter, qos);
      return qos;
    });
    session.save();
    return codes;
  }

  /**
   * Sends what is retained under the filters that were granted [MQTT-3.3.1-6, MQTT-3.8.4-3]: each message once, with
   * the largest QoS of its filters [MQTT-3.3.5-1]. A copy for each filter would let one packet ask for all that is
   * retained a hundred times.
   */
  sendRetained(session: BrokerSession, filters: readonly Subscription[], codes: readonly number[]): void {
    const granted = filters.filter((_, index) => codes[index] !== subscriptionRefused);
    for (const [message, qos] of this.#retained.match(granted)) session.deliver(message, qos, true);
  }

  unsubscribe(session: BrokerSession, filters: readonly string[]): void {
    for (const filter of filters) {
      this.#tree.remove(filter, session);
      session.unsubscribed(filter);
    }
    session.save();
  }

  /** Retains the message if asked to, and passes it on to everybody who wants it, without RETAIN [MQTT-3.3.1-9]. */
  publish(message: BrokerMessage, isRetained: boolean): PublishOutcome {
    let isKept = false;
    if (isRetained) {
      if (message.payload.length === 0) {
        if (this.#retained.delete(message.topic)) {
          this.journal.write({ kind: 'retained-gone', topic: message.topic });
          isKept = true;
        }
      } else if (this.#retained.set(message)) {
        this.journal.write({ kind: 'retained', message });
        isKept = true;
      } else {
        this.#platform.log.warn('broker.retained-full', { messages: this.#retained.size });
        if (message.qos !== 0) return 'refused';
      }
    }
    for (const [session, qos] of this.#tree.match(message.topic)) if (session.deliver(message, qos)) isKept = true;
    return isKept ? 'kept' : 'passed';
  }

  #mayHave(session: BrokerSession, filter: string): boolean {
    const levels = filter.split('/').length;
    if (Buffer.byteLength(filter) > filterBytesMax || levels > topicLevelsMax) return false;
    if (session.subscriptions.has(filter)) return true;
    return session.subscriptions.size < this.#limits.subscriptionsMax && session.levels + levels <= sessionLevelsMax;
  }

  #discard(session: BrokerSession): void {
    for (const filter of session.subscriptions.keys()) this.#tree.remove(filter, session);
    session.discard();
    this.#sessions.delete(session.clientId);
  }
}
