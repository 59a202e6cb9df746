import type { Cancel, Clock } from '#base/clock.ts';

/** Less than a client waits for an answer. */
export const waitMsMax = 20_000;

/** Resolves when `subscribe` calls back, or after `ms` milliseconds of real time. */
export function waitFor(realClock: Pick<Clock, 'after'>, ms: number, subscribe: (listener: () => void) => Cancel): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancelTimer();
      cancelListener();
      resolve();
    };
    const cancelTimer = realClock.after(ms, finish);
    const cancelListener = subscribe(finish);
  });
}
