import type { Cancel } from '#base/clock.ts';
import { isDeviceId } from '#base/ids.ts';
import { type Instant, instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { inTransaction } from '#storage/transaction.ts';
import type { HubEvents } from '../messages/hub-events.ts';
import { announceParts } from './announce-parts.ts';
import {
  isOver,
  type Job,
  type JobFilter,
  type JobKey,
  type JobStatistics,
  type NewJob,
  noTargets,
  type TargetError,
} from './job.ts';
import { JobStore } from './job-store.ts';
import type { NameError } from './jobs-source.ts';
import { jobLimits } from './limits.ts';
import { type JobRooms, runJob } from './run-job.ts';
import { TargetStore } from './target-store.ts';

export type JobsOptions = Pick<JobRooms, 'platform' | 'database' | 'finder' | 'twins' | 'methods'> & {
  readonly hub: string;
  readonly events: Pick<HubEvents, 'isWanted' | 'record'>;
  readonly nameError: NameError;
  /** Default 10. */
  readonly runningMax?: number;
};

export type CountedJob = Job & { readonly statistics: JobStatistics };

/**
 * The jobs of a hub: at their time, so many of them at once, each worked off by run-job.ts and gone on with after a
 * restart. One timer is set to the next that is due.
 */
export class Jobs {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #rooms: JobRooms;
  readonly #store: JobStore;
  readonly #targets: TargetStore;
  readonly #runningMax: number;
  readonly #running = new Map<string, { readonly controller: AbortController; readonly done: Promise<void> }>();
  #due: Cancel | undefined;
  #sweep: Cancel | undefined;
  /** One look at what is due after the other. */
  #looking: Promise<void> = Promise.resolve();
  #isStopped = true;

  constructor(options: JobsOptions) {
    const { platform, database, hub } = options;
    this.#platform = platform;
    this.#database = database;
    this.#store = new JobStore(database, hub);
    this.#targets = new TargetStore(database, hub);
    const parts = announceParts({
      log: platform.log,
      events: options.events,
      targets: this.#targets,
      nameError: options.nameError,
      isStopped: () => this.#isStopped,
    });
    this.#rooms = { ...options, store: this.#store, targets: this.#targets, parts };
    this.#runningMax = options.runningMax ?? jobLimits.runningMax;
  }

  /** Takes what was cut off up again, and what has become due meanwhile. */
  async start(): Promise<void> {
    this.#isStopped = false;
    for (const job of await this.#store.listByStart(['running'], jobLimits.waitingMax + this.#runningMax)) {
      await this.#endInterrupted(job, 'The hub was stopped while it called the device, which may have done it or not.');
      this.#run(job);
    }
    this.#look();
    this.#forget();
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Ends the work; every job goes on at the next start. Methods that are under way are not waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#due?.();
    this.#sweep?.();
    await this.#looking;
    const running = [...this.#running.values()];
    for (const { controller } of running) controller.abort('stopped');
  }

  /**
   * Makes a job, whose status is `queued`. Throws Problem `argument-invalid`, `already-exists`, or `throttled` when
   * too many wait.
   */
  async create(input: NewJob): Promise<CountedJob> {
    const now = this.#platform.clock.now();
    const { startAt = now, maxExecutionMs = jobLimits.executionMsDefault } = input;
    if (!isDeviceId(input.jobId)) throw new Problem('argument-invalid', 'A job id has the characters of a device id, 1 to 128.');
    if (maxExecutionMs <= 0 || maxExecutionMs > jobLimits.executionMsMax) {
      throw new Problem('argument-invalid', 'A job may take more than nothing, and at most 30 days.');
    }
    this.#rooms.finder.check(input.queryCondition);
    const waiting = await this.#store.count(['queued', 'scheduled', 'running']);
    if (waiting >= jobLimits.waitingMax + this.#runningMax) {
      throw new Problem('throttled', `${waiting} jobs wait or run already.`, { reason: 'too-many-jobs' });
    }
    const job: Job = {
      jobId: input.jobId,
      work: input.work,
      queryCondition: input.queryCondition,
      status: 'queued',
      createdAt: now,
      startAt: instant(Math.max(startAt, now)),
      maxExecutionMs,
    };
    if (!(await this.#store.insert(job))) {
      throw new Problem('already-exists', `There is a job ${job.jobId}.`, { reason: 'job-exists' });
    }
    this.#platform.log.info('job.created', { jobId: job.jobId, type: job.work.type });
    this.#look();
    return { ...job, statistics: noTargets };
  }

  /** Throws Problem `not-found` with reason `job-not-found`. */
  async require(jobId: string): Promise<CountedJob> {
    const job = await this.#store.load(jobId);
    if (!job) throw new Problem('not-found', `There is no job ${jobId.slice(0, 128)}.`, { reason: 'job-not-found' });
    return { ...job, statistics: (await this.#targets.count([jobId])).get(jobId) ?? noTargets };
  }

  /** By when they were made, behind `after`. */
  async list(filter: JobFilter, after: JobKey | undefined, limit: number): Promise<CountedJob[]> {
    const jobs = await this.#store.list(filter, after, limit);
    const counts = await this.#targets.count(jobs.map(({ jobId }) => jobId));
    return jobs.map((job) => ({ ...job, statistics: counts.get(job.jobId) ?? noTargets }));
  }

  /**
   * Cancels a job: devices whose turn has not come are left alone, those under way come to their end. Throws Problem
   * `not-found`, and `conflict` with reason `job-over` for one that has ended.
   */
  async cancel(jobId: string): Promise<CountedJob> {
    const now = this.#platform.clock.now();
    const { isCancelled, ended } = await inTransaction(this.#database, async (transaction) => {
      const from = ['queued', 'scheduled', 'running'] as const;
      if (!(await this.#store.move(transaction, jobId, from, { status: 'cancelled', endedAt: now })))
        return { isCancelled: false };
      return { isCancelled: true, ended: await this.#targets.endAll(transaction, jobId, 'pending', { status: 'canceled' }, now) };
    });
    const job = await this.require(jobId);
    if (!isCancelled) throw new Problem('conflict', `The job ${jobId} is ${job.status}.`, { reason: 'job-over' });
    this.#running.get(jobId)?.controller.abort('cancelled');
    if (ended) this.#rooms.parts.all(ended);
    this.#platform.log.info('job.cancelled', { jobId });
    return job;
  }

  /** Resolves when nothing works that could: for tests and for whoever stops. */
  async idle(): Promise<void> {
    await this.#looking;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    await this.#rooms.parts.idle();
  }

  /** The parts of devices in jobs, for queries. */
  get targets(): Pick<TargetStore, 'list'> {
    return this.#targets;
  }

  /** Starts what is due as far as there is room, and sets the timer to what is next. */
  #look(): void {
    this.#looking = this.#looking
      .then(() => this.#startDue())
      .catch((error: unknown) => {
        this.#platform.log.error('jobs.failed', { error: String(error) });
        this.#wakeAt(plus(this.#platform.clock.now(), jobLimits.retryMs));
      });
  }

  async #startDue(): Promise<void> {
    if (this.#isStopped) return;
    const now = this.#platform.clock.now();
    let next: Instant | undefined;
    for (const job of await this.#store.listByStart(['queued', 'scheduled'], jobLimits.waitingMax)) {
      if (this.#isStopped) return;
      if (job.startAt > now) {
        if (job.status === 'queued') await this.#store.move(this.#database, job.jobId, ['queued'], { status: 'scheduled' });
        next ??= job.startAt;
        continue;
      }
      // Whoever ends makes room for the next, and looks again.
      if (this.#running.size >= this.#runningMax) continue;
      const isStarted = await this.#store.move(this.#database, job.jobId, ['queued', 'scheduled'], {
        status: 'running',
        startedAt: now,
      });
      if (isStarted) this.#run({ ...job, status: 'running', startedAt: now });
    }
    if (next !== undefined) this.#wakeAt(next);
  }

  #run(job: Job): void {
    const controller = new AbortController();
    const done = this.#attempt(job, controller.signal).finally(() => {
      this.#running.delete(job.jobId);
      if (!this.#isStopped) this.#look();
    });
    this.#running.set(job.jobId, { controller, done });
  }

  /** A method is called once, so a call that was begun and has no end has failed. */
  async #endInterrupted({ jobId }: Job, message: string): Promise<void> {
    const error: TargetError = { code: 'unavailable', message };
    const now = this.#platform.clock.now();
    const ended = await this.#targets.endAll(this.#database, jobId, 'running', { status: 'failed', error }, now);
    if (ended) this.#rooms.parts.all(ended);
  }

  /** A database that fails makes a job wait, not end. */
  async #attempt(job: Job, signal: AbortSignal): Promise<void> {
    for (let isAgain = false; !signal.aborted; isAgain = true) {
      try {
        if (isAgain)
          await this.#endInterrupted(job, 'The database failed while the hub called the device, which may have done it or not.');
        return await runJob(this.#rooms, job, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#platform.log.error('job.failed', { jobId: job.jobId, error: String(error) });
        const now = await this.#store.load(job.jobId).catch(() => job);
        if (!now || isOver(now.status)) return;
        await new Promise<void>((resolve) => {
          const cancel = this.#platform.clock.after(jobLimits.retryMs, resolve);
          signal.addEventListener('abort', () => {
            cancel();
            resolve();
          });
        });
      }
    }
  }

  #wakeAt(at: Instant): void {
    this.#due?.();
    const { calendar } = this.#platform.clock;
    this.#due = calendar.after(Math.max(0, at - calendar.now()), () => {
      this.#look();
      return this.#looking;
    });
  }

  #forget(): void {
    const { calendar } = this.#platform.clock;
    this.#sweep = calendar.after(jobLimits.sweepMs, async () => {
      try {
        const before = plus(calendar.now(), -jobLimits.keptMs);
        while ((await this.#store.forget(before, jobLimits.forgottenAtOnce)) > 0);
      } catch (error) {
        this.#platform.log.error('jobs.not-forgotten', { error: String(error) });
      }
      if (!this.#isStopped) this.#forget();
    });
  }
}
