import { setImmediate as turn } from 'node:timers/promises';
import type { Platform } from '#base/platform.ts';
import type { HubEvents, HubOperation } from '../messages/hub-events.ts';
import type { JobTarget, TargetStatus } from './job.ts';
import { formatTarget, type NameError } from './jobs-source.ts';
import type { EndedTargets, TargetStore } from './target-store.ts';

/** Tells routes what became of the parts of devices in jobs, where a route asks for it. */
export type PartEvents = {
  /** Of one that was begun or ended. */
  one(jobId: string, identity: string): Promise<void>;
  /** Of all that were ended at once, while whoever ended them goes on: a disk that is slow, or full, is not theirs to wait for. */
  all(ended: EndedTargets): void;
  /** Resolves when all are told of. */
  idle(): Promise<void>;
};

/** Parts in one read; the next waits until these are on disk, so that a large job does not fill what may wait for it. */
export const partsAtOnce = 500;

const operations: Readonly<Record<Exclude<TargetStatus, 'pending'>, HubOperation>> = {
  running: 'deviceJobRunning',
  completed: 'deviceJobCompleted',
  failed: 'deviceJobFailed',
  canceled: 'deviceJobCanceled',
};

/** The body is the row that a query of `devices.jobs` gives: what the cloud puts there is published nowhere. */
export function announceParts(rooms: {
  readonly log: Platform['log'];
  readonly events: Pick<HubEvents, 'isWanted' | 'record'>;
  readonly targets: Pick<TargetStore, 'load' | 'listEnded'>;
  readonly nameError: NameError;
  readonly isStopped: () => boolean;
}): PartEvents {
  const { log, events, targets, nameError, isStopped } = rooms;
  const telling = new Set<Promise<void>>();
  const isWanted = () => events.isWanted('deviceJobLifecycleEvents');
  const announce = (target: JobTarget, done?: () => void): void => {
    if (target.status === 'pending') {
      done?.();
      return;
    }
    const body = formatTarget(target, nameError);
    events.record('deviceJobLifecycleEvents', target.identity, operations[target.status], body, done);
  };
  async function tellAll(ended: EndedTargets): Promise<void> {
    let after: string | undefined;
    while (isWanted() && !isStopped()) {
      const page: JobTarget[] = await targets.listEnded(ended, after, partsAtOnce);
      await Promise.all(page.map((target) => new Promise<void>((done) => announce(target, done))));
      if (page.length < partsAtOnce) return;
      after = page.at(-1)?.identity;
      // SQLite answers without a turn of the event loop, and so does a log that takes nothing.
      await turn();
    }
  }
  return {
    async one(jobId, identity) {
      const target = isWanted() ? await targets.load(jobId, identity) : undefined;
      if (target) announce(target);
    },
    all(ended) {
      const told: Promise<void> = tellAll(ended)
        .catch((error: unknown) => {
          if (!isStopped()) log.error('job.parts-not-announced', { jobId: ended.jobId, error: String(error) });
        })
        .finally(() => telling.delete(told));
      telling.add(told);
    },
    async idle() {
      await Promise.all(telling);
    },
  };
}
