import { useSyncExternalStore } from 'react';
import { onServerAhead, serverNow } from './server-time.ts';
import { exactWords, relativeWords } from './time-words.ts';

const listeners = new Set<() => void>();
let now = serverNow();
let timer: ReturnType<typeof setInterval> | undefined;
let cancelAhead: () => void = () => {};

/** The present, to the second; everything on screen shares one timer. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  now = serverNow();
  if (timer === undefined) {
    timer = setInterval(tick, 1000);
    cancelAhead = onServerAhead(tick);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    cancelAhead();
    timer = undefined;
  };
}

function tick(): void {
  now = serverNow();
  for (const listener of listeners) listener();
}

/** How long ago, with the exact time on hover. */
export function RelativeTime({ at }: { at: string }) {
  const present = useNow();
  const instant = Date.parse(at);
  return (
    <time dateTime={at} title={exactWords(instant)} style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
      {relativeWords(instant, present)}
    </time>
  );
}
