/** What the library keeps for clients that are away; it is typed as anything there. */
export type SessionStore = {
  outgoingEnqueueCombi(subscriptions: readonly { clientId: string }[], packet: unknown): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: unknown): Promise<unknown>;
};

/**
 * Holds each session's queue to `queueMax` messages, of which the newest are dropped: the library's own have no end.
 * `onDrop` is told for each.
 */
export function boundSessions(store: SessionStore, queueMax: number, onDrop: (clientId: string) => void): void {
  const counts = new Map<string, number>();
  const enqueue = store.outgoingEnqueueCombi.bind(store);
  const clear = store.outgoingClearMessageId.bind(store);
  store.outgoingEnqueueCombi = (subscriptions, packet) => {
    const taken = subscriptions.filter(({ clientId }) => {
      const count = counts.get(clientId) ?? 0;
      if (count >= queueMax) onDrop(clientId);
      else counts.set(clientId, count + 1);
      return count < queueMax;
    });
    return enqueue(taken, packet);
  };
  store.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const left = (counts.get(client.id) ?? 0) - 1;
    if (cleared !== undefined && left > 0) counts.set(client.id, left);
    else if (cleared !== undefined) counts.delete(client.id);
    return cleared;
  };
}
