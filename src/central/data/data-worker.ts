import { parentPort, workerData } from 'node:worker_threads';
import { never } from '#base/assert.ts';
import { systemClock } from '#base/clock.ts';
import type { Log, LogFields } from '#base/log.ts';
import { asProblem } from '#base/problem.ts';
import { systemRandom } from '#base/random.ts';
import { attachDatabase } from '#storage/database.ts';
import type { DataEngine, DeviceValues, IngestBatch } from './data-engine.ts';
import { Ingest } from './ingest.ts';
import { unpackMessages } from './packed-messages.ts';

type Calls = Omit<DataEngine, 'ingest'> & {
  ingest(batch: Omit<IngestBatch, 'messages'> & { readonly packed: Uint8Array }): Promise<DeviceValues[]>;
};

/** A call of one method of DataEngine, as it crosses to the thread: messages go packed. */
export type EngineCall = {
  [Method in keyof Calls]: { id: number; method: Method; args: Parameters<Calls[Method]> };
}[keyof Calls];

export type EngineMessage =
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'failure'; id: number; code: string; message: string }
  | { kind: 'log'; level: keyof Log; event: string; fields: LogFields };

/** The thread of Central's data: one Ingest over a connection of its own, serving calls from thread-engine.ts. */
function serve(port: NonNullable<typeof parentPort>, databaseUrl: string): void {
  const post = (message: EngineMessage) => port.postMessage(message);
  const write = (level: keyof Log) => (event: string, fields?: LogFields) =>
    post({ kind: 'log', level, event, fields: fields ?? {} });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const database = attachDatabase(databaseUrl);
  const engine = new Ingest({ clock: systemClock, random: systemRandom, log }, database);
  port.on('message', async (call: EngineCall) => {
    try {
      post({ kind: 'result', id: call.id, result: await run(engine, call) });
      if (call.method !== 'close') return;
      await database.destroy();
      port.close();
    } catch (error) {
      const { code, message, cause } = asProblem(error);
      post({ kind: 'failure', id: call.id, code, message: cause === undefined ? message : String(cause) });
    }
  });
}

function run(engine: DataEngine, call: EngineCall): Promise<unknown> {
  switch (call.method) {
    case 'open':
      return engine.open(...call.args);
    case 'ingest':
      return ingest(engine, ...call.args);
    case 'checkpoint':
      return engine.checkpoint(...call.args);
    case 'series':
      return engine.series(...call.args);
    case 'positionsBefore':
      return engine.positionsBefore(...call.args);
    case 'lastKnown':
      return engine.lastKnown(...call.args);
    case 'retain':
      return engine.retain(...call.args);
    case 'close':
      return engine.close(...call.args);
    default:
      return never(call);
  }
}

function ingest(engine: DataEngine, { packed, ...news }: Parameters<Calls['ingest']>[0]): Promise<DeviceValues[]> {
  return engine.ingest({ ...news, messages: unpackMessages(packed) });
}

if (parentPort) serve(parentPort, workerData.databaseUrl);
