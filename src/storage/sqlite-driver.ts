import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely';
import type { SqliteFile } from './node-sqlite.ts';

/**
 * One SQLite connection for everybody, one after the other: who has it alone runs a statement or a transaction. What
 * was committed is waited for once the connection is given back, so that others use it while the disk is at work and
 * the commits of many are one sync. Who reads meanwhile may see what is committed and not on disk yet; who writes on
 * the strength of it comes to disk after it.
 */
export class SqliteDriver implements Driver {
  readonly #open: () => SqliteFile;
  #file: SqliteFile | undefined;
  #connection: Connection | undefined;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(open: () => SqliteFile) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#file = this.#open();
    this.#connection = new Connection(this.#file);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    // Whoever gives it back hands it on.
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    return this.#own();
  }

  async beginTransaction(): Promise<void> {
    // For writing from the start: one that first reads would be refused, and not wait, where another connection writes meanwhile.
    this.#own().run('begin immediate');
  }

  async commitTransaction(): Promise<void> {
    this.#own().run('commit');
  }

  async rollbackTransaction(): Promise<void> {
    const connection = this.#own();
    connection.run('rollback');
    connection.hasWritten = false;
  }

  async releaseConnection(): Promise<void> {
    const connection = this.#own();
    const { hasWritten } = connection;
    connection.hasWritten = false;
    const next = this.#waiting.shift();
    if (next) next();
    else this.#isTaken = false;
    if (hasWritten) await this.#file?.durable();
  }

  async destroy(): Promise<void> {
    await this.#file?.close();
  }

  #own(): Connection {
    if (!this.#connection) throw new Error('The database is not open.');
    return this.#connection;
  }
}

class Connection implements DatabaseConnection {
  readonly #file: SqliteFile;
  hasWritten = false;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  run(sql: string): void {
    this.#file.prepare(sql).run([]);
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.#file.prepare(sql);
    if (!statement.isRead) this.hasWritten = true;
    // What a statement gives is the type that its author said it gives.
    if (statement.hasRows) return { rows: statement.all(parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(parameters);
    return { numAffectedRows: changes, insertId: lastInsertRowid, rows: [] };
  }

  // biome-ignore lint/correctness/useYield: it has nothing to give.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Rows are asked for in pages here, never as a stream.');
  }
}
