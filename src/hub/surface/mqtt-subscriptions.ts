import { hubFilters, messageFilter, moduleFilters } from '#wire/azure/hub-topics.ts';
import { type Subscription, subscriptionRefused } from '#wire/mqtt/packet.ts';
import type { Identity } from '../identity.ts';

/**
 * The subscriptions of one session: exact filters, each with its granted QoS. There is no matching of
 * topics, because each filter stands for one thing that the hub sends; any other is refused with 0x80
 * (hub-device-protocol.md 4.5).
 */
export class MqttSubscriptions {
  readonly #allowed: ReadonlySet<string>;
  readonly #granted: Map<string, 0 | 1>;

  /** `stored` is what an earlier session left; filters that are not allowed any more are left out. */
  constructor({ deviceId, moduleId }: Identity, stored: ReadonlyMap<string, 0 | 1>) {
    const own = moduleId === undefined ? [messageFilter(deviceId)] : moduleFilters(deviceId, moduleId);
    this.#allowed = new Set([...own, ...Object.values(hubFilters)]);
    this.#granted = new Map([...stored].filter(([filter]) => this.#allowed.has(filter)));
  }

  has(filter: string): boolean {
    return this.#granted.has(filter);
  }

  granted(filter: string): 0 | 1 | undefined {
    return this.#granted.get(filter);
  }

  get all(): ReadonlyMap<string, 0 | 1> {
    return this.#granted;
  }

  /** The SUBACK codes in order, and whether anything is different from before. QoS 2 is granted as 1. */
  add(filters: readonly Subscription[]): { codes: number[]; isChanged: boolean } {
    let isChanged = false;
    const codes = filters.map(({ filter, qos }) => {
      if (!this.#allowed.has(filter)) return subscriptionRefused;
      const granted = qos === 0 ? 0 : 1;
      if (this.#granted.get(filter) !== granted) isChanged = true;
      this.#granted.set(filter, granted);
      return granted;
    });
    return { codes, isChanged };
  }

  /** Whether anything is different from before. */
  remove(filters: readonly string[]): boolean {
    let isChanged = false;
    for (const filter of filters) if (this.#granted.delete(filter)) isChanged = true;
    return isChanged;
  }
}
