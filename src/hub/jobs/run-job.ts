import { setImmediate as turn } from 'node:timers/promises';
import { plus } from '#base/instant.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction } from '#storage/transaction.ts';
import type { Methods } from '../methods/methods.ts';
import type { Twins } from '../twins/twins.ts';
import type { PartEvents } from './announce-parts.ts';
import type { Job, TargetEnd, TargetError } from './job.ts';
import type { JobStore } from './job-store.ts';
import { jobLimits } from './limits.ts';
import type { TargetStore } from './target-store.ts';

/** Devices or modules that a job is for, in pages. */
export type TargetFinder = {
  /** Throws Problem `argument-invalid` for what is no condition. */
  check(condition: string): void;
  /** Names in order, behind `after`; without `through` that were the last. */
  find(condition: string, after: string | undefined, max: number): Promise<{ identities: readonly string[]; through?: string }>;
};

export type JobRooms = {
  readonly platform: Platform;
  readonly database: Database;
  readonly store: JobStore;
  readonly targets: TargetStore;
  readonly finder: TargetFinder;
  readonly parts: PartEvents;
  readonly twins: Pick<Twins, 'patchOwned'>;
  readonly methods: Pick<Methods, 'invoke'>;
};

/** Why a job does not go on, beside having come to its end. */
type Stop = 'stopped' | 'cancelled' | 'too-long';

/**
 * Works a running job off, from wherever it is: a job that was cut off by a crash goes on. Targets are gathered first
 * and never again, so the devices are those of the start. A device that is done is not done again: a twin is changed
 * in one transaction with the row that says so, and a method is only called once its row says that it is.
 * Resolves when the job is over or `signal` ends it.
 */
export async function runJob(rooms: JobRooms, job: Job, signal: AbortSignal): Promise<void> {
  const { platform, database, store, targets } = rooms;
  const deadline = plus(job.startedAt ?? platform.clock.now(), job.maxExecutionMs);
  const stopOf = (): Stop | undefined => {
    if (signal.aborted) return signal.reason === 'cancelled' ? 'cancelled' : 'stopped';
    return platform.clock.now() >= deadline ? 'too-long' : undefined;
  };
  let stop = await gather(rooms, job, stopOf);
  stop ??= await workOff(rooms, job, stopOf);
  // A cancelled job has its status already; a stopped one goes on after the next start.
  if (stop === 'stopped' || stop === 'cancelled') return;
  const now = platform.clock.now();
  metricsOf(platform).counter('homeport_jobs_total', { status: stop === undefined ? 'completed' : 'failed' }).value++;
  const ended = await inTransaction(database, async (transaction) => {
    if (stop === undefined) {
      await store.move(transaction, job.jobId, ['running'], { status: 'completed', endedAt: now });
      return undefined;
    }
    const failureReason = 'The job took longer than it may.';
    if (!(await store.move(transaction, job.jobId, ['running'], { status: 'failed', endedAt: now, failureReason })))
      return undefined;
    const error: TargetError = { code: 'device-timeout', message: failureReason };
    return targets.endAll(transaction, job.jobId, 'pending', { status: 'failed', error }, now);
  });
  if (ended) rooms.parts.all(ended);
}

async function gather(
  rooms: JobRooms,
  { jobId, queryCondition }: Job,
  stopOf: () => Stop | undefined,
): Promise<Stop | undefined> {
  const { platform, database, store, targets, finder } = rooms;
  let { cursor, isGathered } = await store.gathered(jobId);
  while (!isGathered) {
    const stop = stopOf();
    if (stop) return stop;
    const { identities, through } = await finder.find(queryCondition, cursor, jobLimits.gatheredAtOnce);
    const goesOn = await inTransaction(database, async (transaction) => {
      // First: whoever cancels the job meanwhile waits for this row, and then finds all that was inserted.
      if (!(await store.setGathered(transaction, jobId, through))) return false;
      await targets.insert(transaction, jobId, identities, platform.clock.now());
      return true;
    });
    if (!goesOn) return 'cancelled';
    cursor = through;
    isGathered = through === undefined;
    await turn();
  }
  return undefined;
}

async function workOff(rooms: JobRooms, job: Job, stopOf: () => Stop | undefined): Promise<Stop | undefined> {
  const atOnce = job.work.type === 'scheduleUpdateTwin' ? jobLimits.twinsAtOnce : jobLimits.methodsAtOnce;
  const waiting: string[] = [];
  /** Begun in this run: its row may still say pending when the next page is read. */
  const begun = new Set<string>();
  let stop: Stop | undefined;
  const next = (): string | undefined => {
    stop ??= stopOf();
    if (stop) return undefined;
    return waiting.shift();
  };
  for (;;) {
    const page = await rooms.targets.listPending(job.jobId, jobLimits.gatheredAtOnce);
    waiting.push(...page.filter((identity) => !begun.has(identity)));
    if (waiting.length === 0) return stop;
    for (const identity of waiting) begun.add(identity);
    const lanes = Array.from({ length: Math.min(atOnce, waiting.length) }, async () => {
      for (let identity = next(); identity !== undefined; identity = next()) {
        await doOne(rooms, job, identity);
        // SQLite answers without a turn of the event loop: without this one nobody else would be served meanwhile.
        await turn();
      }
    });
    // All of them, or one would go on beside those of the next attempt.
    const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
    if (failed) throw failed.reason;
    if (stop) return stop;
  }
}

async function doOne(rooms: JobRooms, job: Job, identity: string): Promise<void> {
  const { platform, database, targets, twins, methods, parts } = rooms;
  const { jobId, work } = job;
  const now = () => platform.clock.now();
  const end = async (how: TargetEnd) => {
    if (await targets.end(database, jobId, identity, how, now())) await parts.one(jobId, identity);
  };
  const failed = (error: unknown): TargetEnd => {
    const problem = asProblem(error);
    if (problem.code === 'internal') platform.log.error('job.device-failed', { jobId, identity, error: String(problem.cause) });
    return { status: 'failed', error: errorOf(problem) };
  };
  if (work.type === 'scheduleUpdateTwin') {
    try {
      await twins.patchOwned(identity, work.owned, work.ifMatch, async (transaction) => {
        if (await targets.end(transaction, jobId, identity, { status: 'completed' }, now())) return;
        throw new Problem('conflict', 'The device’s part of the job is over.', { reason: notPending });
      });
    } catch (error) {
      if (asProblem(error).reason !== notPending) await end(failed(error));
      return;
    }
    await parts.one(jobId, identity);
    return;
  }
  if (!(await targets.begin(jobId, identity, now()))) return;
  await parts.one(jobId, identity);
  // A call that was answered has not failed because its answer could not be kept.
  await end(await methods.invoke(identity, work.method).then((outcome) => ({ status: 'completed', outcome }) as const, failed));
}

const notPending = 'target-not-pending';

function errorOf({ code, reason, message }: Problem): TargetError {
  return { code, ...(reason === undefined ? {} : { reason }), message };
}
