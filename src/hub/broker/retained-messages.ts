import { ownCopy } from '#base/bytes.ts';
import type { Qos, Subscription } from '#wire/mqtt/packet.ts';
import { type BrokerMessage, messageBytes } from './broker-message.ts';
import type { BrokerLimits } from './limits.ts';
import { SubscriptionTree } from './subscription-tree.ts';

/** The last message of each topic that was sent with RETAIN. */
export class RetainedMessages {
  readonly #limits: BrokerLimits;
  readonly #byTopic = new Map<string, BrokerMessage>();
  #bytes = 0;

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byTopic.size;
  }

  /** Replaces what its topic had [MQTT-3.3.1-5]. False when there is no room; then what the topic had stays. */
  set(message: BrokerMessage): boolean {
    const present = this.#byTopic.get(message.topic);
    const bytes = this.#bytes + messageBytes(message) - (present ? messageBytes(present) : 0);
    const { retainedBytesMax, retainedMessagesMax } = this.#limits;
    if (bytes > retainedBytesMax || (!present && this.#byTopic.size >= retainedMessagesMax)) return false;
    this.#byTopic.set(message.topic, { ...message, payload: ownCopy(message.payload) });
    this.#bytes = bytes;
    return true;
  }

  /** False when there was nothing. */
  delete(topic: string): boolean {
    const present = this.#byTopic.get(topic);
    if (!present) return false;
    this.#bytes -= messageBytes(present);
    return this.#byTopic.delete(topic);
  }

  /** What a subscription to `filter` would be told of, in bytes. */
  bytesOf(filter: string): number {
    let bytes = 0;
    for (const message of this.match([{ filter, qos: 0 }]).keys()) bytes += messageBytes(message);
    return bytes;
  }

  /**
   * Those that new subscriptions are told of, each with the largest QoS of the filters that match [MQTT-3.3.5-1]. All
   * are looked at once, however many filters there are: a packet of a few hundred bytes may hold a hundred.
   */
  match(filters: readonly Subscription[]): Map<BrokerMessage, Qos> {
    const found = new Map<BrokerMessage, Qos>();
    const wildcards = new SubscriptionTree<undefined>();
    for (const { filter, qos } of filters) {
      if (/[+#]/.test(filter)) wildcards.add(filter, undefined, qos);
      else collect(found, this.#byTopic.get(filter), qos);
    }
    if (wildcards.size === 0) return found;
    for (const message of this.#byTopic.values()) {
      for (const [, qos] of wildcards.match(message.topic)) collect(found, message, qos);
    }
    return found;
  }
}

function collect(found: Map<BrokerMessage, Qos>, message: BrokerMessage | undefined, qos: Qos): void {
  if (message) found.set(message, Math.max(qos, found.get(message) ?? 0) as Qos);
}
