import type { Cancel } from '#base/clock.ts';
import { healthOf } from '#base/health.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { LogDamaged } from '#storage/segment-file.ts';
import type { EventLog, StoredEvent } from './event-log.ts';

/** Large enough that a reader that fell behind catches up in few steps. */
const batchMax = 1_000;
const retryMs = 1_000;
/** Some seconds of the fastest load; below it nobody needs to look. */
const behindBytesMax = 64 * 1024 ** 2;

export type FollowOptions = {
  readonly platform: Platform;
  readonly log: Pick<EventLog, 'start' | 'end' | 'read' | 'onBatchDurable'>;
  readonly from: number;
  /**
   * How long it rests at the end of the log before it looks again. An event after a quiet time is handed on
   * at once; under load, what came during the rest is one call instead of one for every sync.
   */
  readonly pauseMs: number;
};

/** EventLog.follow over its `read`: a loop that sleeps until a batch is durable. */
export function followEvents(
  { platform, log, from, pauseMs }: FollowOptions,
  onEvents: (events: readonly StoredEvent[]) => void | Promise<void>,
): Cancel {
  let next = from;
  let isStopped = false;
  let wake = () => {};
  const cancelListener = log.onBatchDurable(() => wake());
  const behindBytes = () => Math.max(0, log.end - Math.max(next, log.start));
  const cancelGauge = metricsOf(platform).gauge('homeport_followers_behind_bytes', behindBytes);
  const cancelWatch = healthOf(platform).watch('followers', () => {
    const behind = behindBytes();
    if (behind < behindBytesMax) return [];
    const says = `What follows the log inside the server has ${Math.floor(behind / 1024 ** 2)} MiB still to read.`;
    return [
      { part: 'followers', state: 'degraded', says, fix: 'It catches up by itself; if it does not, it needs more processor.' },
    ];
  });

  const run = async () => {
    while (!isStopped) {
      if (next >= log.end) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      try {
        next = await step();
        if (pauseMs > 0 && next >= log.end) await rest(pauseMs);
      } catch (error) {
        platform.log.warn('log.reader-failed', { position: next, error: String(error) });
        await rest(retryMs);
      }
    }
  };

  /** Only the end of following cuts it short. */
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const cancel = platform.clock.after(ms, resolve);
      wake = () => {
        if (!isStopped) return;
        cancel();
        resolve();
      };
    });

  /** Hands on what is next and answers where to go on. */
  const step = async (): Promise<number> => {
    if (next < log.start) {
      platform.log.warn('log.reader-overtaken', { from: next, to: log.start });
      return log.start;
    }
    try {
      const events = await log.read({ from: next, max: batchMax });
      const last = events.at(-1);
      if (!last) return Math.max(next, log.end);
      if (!isStopped) await onEvents(events);
      return last.next;
    } catch (error) {
      if (!(error instanceof LogDamaged)) throw error;
      platform.log.error('log.damaged-stretch-passed', { ...error.damage });
      return error.damage.to;
    }
  };

  run().catch((error) => platform.log.error('log.reader-ended', { error: String(error) }));
  return () => {
    isStopped = true;
    cancelListener();
    cancelGauge();
    cancelWatch();
    wake();
  };
}
