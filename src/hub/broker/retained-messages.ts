import { levelsMatch } from '#wire/mqtt/topic-filter.ts';
import { type BrokerMessage, messageBytes } from './broker-message.ts';
import type { BrokerLimits } from './limits.ts';

type Retained = { readonly message: BrokerMessage; readonly levels: readonly string[] };

/** The last message of each topic that was sent with RETAIN. */
export class RetainedMessages {
  readonly #limits: BrokerLimits;
  readonly #byTopic = new Map<string, Retained>();
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
    const bytes = this.#bytes + messageBytes(message) - (present ? messageBytes(present.message) : 0);
    const { retainedBytesMax, retainedMessagesMax } = this.#limits;
    if (bytes > retainedBytesMax || (!present && this.#byTopic.size >= retainedMessagesMax)) return false;
    this.#byTopic.set(message.topic, { message, levels: message.topic.split('/') });
    this.#bytes = bytes;
    return true;
  }

  /** False when there was nothing. */
  delete(topic: string): boolean {
    const present = this.#byTopic.get(topic);
    if (!present) return false;
    this.#bytes -= messageBytes(present.message);
    return this.#byTopic.delete(topic);
  }

  /** Those that a new subscription is told of. */
  match(filter: string): BrokerMessage[] {
    if (!/[+#]/.test(filter)) {
      const exact = this.#byTopic.get(filter);
      return exact ? [exact.message] : [];
    }
    const levels = filter.split('/');
    return [...this.#byTopic.values()].filter((retained) => levelsMatch(levels, retained.levels)).map(({ message }) => message);
  }
}
