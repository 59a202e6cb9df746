let aheadMs = 0;

/** How far the server's clock was moved ahead of ours; differences of a few seconds are our own clock's. */
export function setServerAhead(ms: number): void {
  aheadMs = ms;
}

/** The present as the server sees it: certificates and charts are told apart from it, not from the browser's. */
export function serverNow(): number {
  return Date.now() + aheadMs;
}
