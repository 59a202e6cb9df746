import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteToRead } from './node-sqlite.ts';

export type AskedStatement = { readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] };
export type AnsweredStatement = { readonly id: number } & ({ readonly rows: readonly unknown[] } | { readonly failure: string });

/** The thread behind query-thread.ts: a connection of its own that reads, one statement after the other. */
function serve(port: NonNullable<typeof parentPort>, path: string): void {
  const file = openSqliteToRead(path);
  port.on('message', ({ id, sql, parameters }: AskedStatement) => {
    try {
      port.postMessage({ id, rows: file.prepare(sql).all(parameters) } satisfies AnsweredStatement);
    } catch (error) {
      port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) } satisfies AnsweredStatement);
    }
  });
}

if (parentPort) serve(parentPort, workerData.path);
