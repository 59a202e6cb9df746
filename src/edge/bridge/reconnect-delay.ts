export type ReconnectPolicy = { readonly initialMs: number; readonly maximumMs: number; readonly resetWindowMs: number };

/**
 * How long to wait before connecting again after `failures` in a row: the first interval, doubled each time, half of it
 * more or less, so that a site whose power came back does not call all at once.
 */
export function reconnectDelayMs({ initialMs, maximumMs }: ReconnectPolicy, failures: number, fraction: number): number {
  const wanted = Math.min(maximumMs, initialMs * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return Math.min(maximumMs, wanted * (0.5 + fraction));
}
