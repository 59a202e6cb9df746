import { topicMatches } from '#wire/mqtt/topic-matches.ts';

type StoredSubscription = { readonly topic: string; readonly qos: number };
type FoundSubscription = StoredSubscription & { readonly clientId: string };

/** What the library keeps of subscriptions that outlive a connection; it is typed as anything there. */
export type SubscriptionStore = {
  addSubscriptions(client: { id: string }, subscriptions: readonly StoredSubscription[]): Promise<void>;
  removeSubscriptions(client: { id: string }, topics: readonly string[]): Promise<void>;
  cleanSubscriptions(client: { id: string }): Promise<void>;
  subscriptionsByTopic(topic: string): Promise<FoundSubscription[]>;
};

/**
 * Lets `+` select an empty level for sessions that stay, as [MQTT-4.7.1-3] has it: the library's store does not, its emitter does, and
 * a message that only one of them finds ends the connection. Topics of thin-edge have two such levels (`te/device/main///m/`).
 */
export function matchEmptyLevels(store: SubscriptionStore): void {
  const filters = new Map<string, Map<string, StoredSubscription>>();
  const { add, remove, clean, find } = {
    add: store.addSubscriptions.bind(store),
    remove: store.removeSubscriptions.bind(store),
    clean: store.cleanSubscriptions.bind(store),
    find: store.subscriptionsByTopic.bind(store),
  };
  store.addSubscriptions = async (client, subscriptions) => {
    await add(client, subscriptions);
    const own = filters.get(client.id) ?? new Map<string, StoredSubscription>();
    filters.set(client.id, own);
    for (const { topic, qos } of subscriptions) {
      if (qos > 0) own.set(topic, { topic, qos });
      else own.delete(topic);
    }
  };
  store.removeSubscriptions = async (client, topics) => {
    await remove(client, topics);
    for (const topic of topics) filters.get(client.id)?.delete(topic);
  };
  store.cleanSubscriptions = async (client) => {
    await clean(client);
    filters.delete(client.id);
  };
  store.subscriptionsByTopic = async (topic) => {
    const found = await find(topic);
    if (!/(?:^|\/)(?:\/|$)/.test(topic)) return found;
    const known = new Set(found.map(({ clientId, topic: filter }) => `${clientId}\0${filter}`));
    for (const [clientId, own] of filters) {
      // One for each filter, as the store does it: the library delivers for each, and takes what is twice out of the queue again.
      const matches = [...own.values()].filter(
        (subscription) => topicMatches(subscription.topic, topic) && !known.has(`${clientId}\0${subscription.topic}`),
      );
      found.push(...matches.map((match) => ({ clientId, ...match })));
    }
    return found;
  };
}
