import { Worker } from 'node:worker_threads';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { AnsweredStatement, AskedStatement } from './query-worker.ts';

/**
 * A SQLite file that is read in a thread: statements that look at much of it hold up nobody here, and wait for nobody's
 * changes. Each sees all that was committed before it was asked. `failure` says why nothing is read any more, if so.
 */
export function queryThreadDialect(path: string, failure: () => Error | undefined): Dialect {
  return {
    createAdapter: () => new ManyReaders(),
    createDriver: () => new QueryThread(path, failure),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class ManyReaders extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

type Waiting = { resolve(rows: readonly unknown[]): void; reject(error: Error): void };

class QueryThread implements Driver, DatabaseConnection {
  readonly #path: string;
  readonly #failure: () => Error | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(path: string, failure: () => Error | undefined) {
    this.#path = path;
    this.#failure = failure;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this;
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw readsOnly();
  }

  async commitTransaction(): Promise<void> {
    throw readsOnly();
  }

  async rollbackTransaction(): Promise<void> {
    throw readsOnly();
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const failure = this.#failure();
    if (failure) throw failure;
    const id = ++this.#lastId;
    const rows = await new Promise<readonly unknown[]>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#thread().postMessage({ id, sql, parameters } satisfies AskedStatement);
    });
    // What a statement gives is the type that its author said it gives.
    return { rows: rows as Row[] };
  }

  // biome-ignore lint/correctness/useYield: it has nothing to give.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Rows are asked for in pages here, never as a stream.');
  }

  async destroy(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Begun by the first statement, and anew after it died. */
  #thread(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL(import.meta.resolve('#storage/query-worker.ts')), { workerData: { path: this.#path } });
    this.#worker = worker;
    worker.on('message', (answer: AnsweredStatement) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('rows' in answer) waiting?.resolve(answer.rows);
      else waiting?.reject(new Error(answer.failure));
    });
    let failure = new Error('The thread that reads the database ended.');
    worker.on('error', (error) => {
      if (error instanceof Error) failure = error;
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const { reject } of this.#waiting.values()) reject(failure);
      this.#waiting.clear();
    });
    return worker;
  }
}

function readsOnly(): Error {
  return new Error('This connection only reads.');
}
