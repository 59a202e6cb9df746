import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import { transferLimits } from './limits.ts';
import { exportRegistry, importRegistry, type TransferRooms, TransferStopped } from './run-transfer.ts';
import type { Transfer, TransferRequest } from './transfer.ts';
import { TransferStore } from './transfer-store.ts';

export type TransfersOptions = Pick<TransferRooms, 'files' | 'lines' | 'countDevices'> & {
  readonly platform: Platform;
  readonly database: Database;
  readonly hub: string;
};

/** Imports and exports of a hub's registry: one at a time, and gone on with after a restart. */
export class Transfers {
  readonly #platform: Platform;
  readonly #options: TransfersOptions;
  readonly #store: TransferStore;
  #running: { readonly jobId: string; readonly controller: AbortController; readonly done: Promise<void> } | undefined;
  #isStopped = true;

  constructor(options: TransfersOptions) {
    this.#platform = options.platform;
    this.#options = options;
    this.#store = new TransferStore(options.database, options.hub);
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    await this.#store.forget(plus(this.#platform.clock.now(), -transferLimits.keptMs));
    const active = await this.#store.active();
    if (active) this.#run(active);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#running?.controller.abort();
    await this.#running?.done;
  }

  /** Throws Problem `argument-invalid`, or `quota-exceeded` while another is under way. */
  async create(request: TransferRequest): Promise<Transfer> {
    const { files } = this.#options;
    files.check(request.outputContainerUri);
    if (request.inputContainerUri !== undefined) files.check(request.inputContainerUri);
    const transfer: Transfer = {
      jobId: this.#platform.random.uuid(),
      request,
      status: 'enqueued',
      createdAt: this.#platform.clock.now(),
      progress: 0,
      linesDone: 0,
    };
    if (!(await this.#store.insert(transfer))) {
      throw new Problem('quota-exceeded', 'Another import or export is under way.', { reason: 'transfer-quota' });
    }
    this.#platform.log.info('transfer.created', { jobId: transfer.jobId, type: request.type });
    this.#run(transfer);
    return transfer;
  }

  load(jobId: string): Promise<Transfer | undefined> {
    return this.#store.load(jobId);
  }

  /** Throws Problem `not-found` with reason `job-not-found`. */
  async require(jobId: string): Promise<Transfer> {
    const transfer = await this.#store.load(jobId);
    if (transfer) return transfer;
    throw new Problem('not-found', `There is no job ${jobId.slice(0, 128)}.`, { reason: 'job-not-found' });
  }

  /** The newest first. */
  list(): Promise<Transfer[]> {
    return this.#store.list(transferLimits.listMax);
  }

  /** What was imported stays. Throws as `require`, and Problem `conflict` for one that has ended. */
  async cancel(jobId: string): Promise<void> {
    await this.require(jobId);
    const endedAt = this.#platform.clock.now();
    if (!(await this.#store.update(jobId, { status: 'cancelled', endedAt }))) {
      throw new Problem('conflict', `The job ${jobId} has ended.`, { reason: 'job-over' });
    }
    if (this.#running?.jobId === jobId) {
      this.#running.controller.abort();
      await this.#running.done;
    }
  }

  #run(transfer: Transfer): void {
    const controller = new AbortController();
    const done = this.#work(transfer, controller.signal).finally(() => {
      this.#running = undefined;
    });
    this.#running = { jobId: transfer.jobId, controller, done };
  }

  async #work(transfer: Transfer, signal: AbortSignal): Promise<void> {
    const { jobId, request } = transfer;
    const { clock, log } = this.#platform;
    const rooms: TransferRooms = { ...this.#options, store: this.#store };
    try {
      await this.#store.update(jobId, { status: 'running', startedAt: transfer.startedAt ?? clock.now() });
      await (request.type === 'export' ? exportRegistry : importRegistry)(rooms, transfer, signal);
      await this.#store.update(jobId, { status: 'completed', endedAt: clock.now(), progress: 100 });
      log.info('transfer.completed', { jobId, type: request.type });
    } catch (error) {
      // Cancelled, which is written down, or the hub stops and it goes on with the next start.
      if (error instanceof TransferStopped || this.#isStopped) return;
      const { message } = asProblem(error);
      log.error('transfer.failed', { jobId, error: String(error instanceof Problem ? error.message : error) });
      await this.#store
        .update(jobId, { status: 'failed', endedAt: clock.now(), failureReason: message })
        .catch((cause: unknown) => log.error('transfer.unwritten', { jobId, error: String(cause) }));
    }
  }
}
