import { Worker } from 'node:worker_threads';
import type { Instant } from '#base/instant.ts';
import type { Log } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import type { DataEngine, DeviceValues, IngestBatch, LastKnown, Series, SeriesQuery } from './data-engine.ts';
import type { EngineCall, EngineMessage } from './data-worker.ts';
import { packMessages } from './packed-messages.ts';

/** Some four thousand small messages; followers of the log hand on a thousand at most. */
const scratchBytes = 1024 * 1024;

type Waiting = { resolve(result: unknown): void; reject(problem: Problem): void };

/** The DataEngine in a thread of its own: decoding, chunk coding and long SQL stay off the thread of the sockets. */
export class ThreadEngine implements DataEngine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  /** Batches are packed in the same memory, which both threads see: under load, new memory for each kept the collector busy. */
  readonly #scratch = new Uint8Array(new SharedArrayBuffer(scratchBytes));
  #isScratchTaken = false;
  #lastId = 0;
  #isEnded = false;

  /** `onEnd` is called when the thread ends by itself; what was not saved is then read from the log again. */
  constructor(log: Log, databaseUrl: string, onEnd: (error: unknown) => void) {
    this.#worker = new Worker(new URL(import.meta.resolve('#central/data/data-worker.ts')), { workerData: { databaseUrl } });
    this.#worker.on('message', (message: EngineMessage) => this.#receive(log, message));
    let cause: unknown;
    this.#worker.on('error', (error) => {
      cause = error;
    });
    this.#worker.on('exit', () => {
      const isUnexpected = !this.#isEnded;
      this.#isEnded = true;
      for (const { reject } of this.#waiting.values()) reject(unavailable());
      this.#waiting.clear();
      if (isUnexpected) onEnd(cause);
    });
  }

  open(log: { start: number; end: number }): Promise<number> {
    return this.#call<'open'>((id) => ({ id, method: 'open', args: [log] }));
  }

  async ingest(batch: IngestBatch): Promise<DeviceValues[]> {
    const { messages, ...news } = batch;
    // One batch at a time comes here; should there be two, the second gets memory of its own.
    const scratch = this.#isScratchTaken ? undefined : this.#scratch;
    const packed = packMessages(messages, scratch);
    this.#isScratchTaken = true;
    try {
      return await this.#call<'ingest'>((id) => ({ id, method: 'ingest', args: [{ ...news, packed }] }));
    } finally {
      if (scratch) this.#isScratchTaken = false;
    }
  }

  checkpoint(): Promise<void> {
    return this.#call<'checkpoint'>((id) => ({ id, method: 'checkpoint', args: [] }));
  }

  series(deviceId: string, query: SeriesQuery): Promise<Series[]> {
    return this.#call<'series'>((id) => ({ id, method: 'series', args: [deviceId, query] }));
  }

  positionsBefore(deviceId: string, before: number, limit: number): Promise<number[]> {
    return this.#call<'positionsBefore'>((id) => ({ id, method: 'positionsBefore', args: [deviceId, before, limit] }));
  }

  lastKnown(deviceId: string, name: string): Promise<LastKnown | undefined> {
    return this.#call<'lastKnown'>((id) => ({ id, method: 'lastKnown', args: [deviceId, name] }));
  }

  retain(before: Instant, logStart: number): Promise<void> {
    return this.#call<'retain'>((id) => ({ id, method: 'retain', args: [before, logStart] }));
  }

  async close(): Promise<void> {
    try {
      await this.#call<'close'>((id) => ({ id, method: 'close', args: [] }));
    } finally {
      this.#isEnded = true;
      await this.#worker.terminate();
    }
  }

  #call<Method extends keyof DataEngine>(callOf: (id: number) => EngineCall): Promise<Awaited<ReturnType<DataEngine[Method]>>> {
    if (this.#isEnded) return Promise.reject(unavailable());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // The other side of the thread is data-worker.ts, which answers each call with its method's result.
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#worker.postMessage(callOf(id));
    });
  }

  #receive(log: Log, message: EngineMessage): void {
    if (message.kind === 'log') {
      log[message.level](message.event, message.fields);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'result') waiting?.resolve(message.result);
    else waiting?.reject(new Problem('unavailable', `The data thread failed: ${message.message}`));
  }
}

function unavailable(): Problem {
  return new Problem('unavailable', 'The data thread is starting again.', { retryAfterSeconds: 1 });
}
