import type { Instant } from '#base/instant.ts';
import type { HubEvents, HubOperation } from '../messages/hub-events.ts';
import type { JobTarget, TargetStatus } from './job.ts';
import { formatTarget, type NameError } from './jobs-source.ts';
import type { TargetKey, TargetStore } from './target-store.ts';

/** Tells routes what became of the parts of devices in jobs, where a route asks for it. */
export type PartEvents = {
  /** Of one that was begun or ended. */
  one(jobId: string, identity: string): Promise<void>;
  /** Of all that were ended at once, at this instant. */
  all(jobId: string, at: Instant): Promise<void>;
};

const partsAtOnce = 1_000;

const operations: Readonly<Record<Exclude<TargetStatus, 'pending'>, HubOperation>> = {
  running: 'deviceJobRunning',
  completed: 'deviceJobCompleted',
  failed: 'deviceJobFailed',
  canceled: 'deviceJobCanceled',
};

/** The body is the row that a query of `devices.jobs` gives: what the cloud puts there is published nowhere. */
export function announceParts(
  events: Pick<HubEvents, 'isWanted' | 'record'>,
  targets: Pick<TargetStore, 'load' | 'list'>,
  nameError: NameError,
): PartEvents {
  const isWanted = () => events.isWanted('deviceJobLifecycleEvents');
  const announce = (target: JobTarget): void => {
    if (target.status === 'pending') return;
    const body = formatTarget(target, nameError);
    events.record('deviceJobLifecycleEvents', target.identity, operations[target.status], body);
  };
  return {
    async one(jobId, identity) {
      const target = isWanted() ? await targets.load(jobId, identity) : undefined;
      if (target) announce(target);
    },
    async all(jobId, at) {
      let after: TargetKey | undefined;
      while (isWanted()) {
        const page: JobTarget[] = await targets.list({ jobId, limit: partsAtOnce, ...(after && { after }) });
        for (const target of page) if (target.endedAt === at) announce(target);
        const last = page.at(-1);
        if (!last || page.length < partsAtOnce) return;
        after = { jobId, identity: last.identity };
      }
    },
  };
}
