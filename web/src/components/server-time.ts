let aheadMs = 0;
const listeners = new Set<() => void>();

/** How far the server's clock was moved ahead of ours; differences of a few seconds are our own clock's. */
export function setServerAhead(ms: number): void {
  aheadMs = ms;
  for (const listener of listeners) listener();
}

/** The present as the server sees it: certificates and charts are told apart from it, not from the browser's. */
export function serverNow(): number {
  return Date.now() + aheadMs;
}

/** Calls back when what `serverNow` says has changed by more than time passed. */
export function onServerAhead(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
