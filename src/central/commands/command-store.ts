import { instant } from '#base/instant.ts';
import { type Json, parseJson } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import type { CentralCommandRow } from '#storage/schema/central.ts';
import type { CommandRun } from './command-run.ts';

export class CommandStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(run: CommandRun): Promise<void> {
    await this.#database
      .insertInto('central_command')
      .values({
        command_id: run.commandId,
        device_id: run.deviceId,
        name: run.name,
        request: run.request === undefined ? null : JSON.stringify(run.request),
        connection_timeout: run.connectionTimeoutSeconds,
        response_timeout: run.responseTimeoutSeconds,
        response_code: run.response?.code ?? null,
        response: run.response === undefined ? null : JSON.stringify(run.response.payload),
        failure_code: run.failure?.code ?? null,
        failure_message: run.failure?.message ?? null,
        requested_at: run.requestedAt,
        requested_by: run.requestedBy,
      })
      .execute();
  }

  /** Keeps the newest `keep` runs of the command and forgets the rest. */
  async trim(deviceId: string, name: string, keep: number): Promise<void> {
    const oldest = await this.#select(deviceId, name).offset(keep).limit(1).executeTakeFirst();
    if (!oldest) return;
    await this.#database
      .deleteFrom('central_command')
      .where('device_id', '=', deviceId)
      .where('name', '=', name)
      .where('requested_at', '<=', oldest.requested_at)
      .execute();
  }

  /** Newest first. */
  async list(deviceId: string, name: string, limit: number): Promise<CommandRun[]> {
    return (await this.#select(deviceId, name).limit(limit).execute()).map(runOf);
  }

  async deleteDevice(deviceId: string): Promise<void> {
    await this.#database.deleteFrom('central_command').where('device_id', '=', deviceId).execute();
  }

  #select(deviceId: string, name: string) {
    return this.#database
      .selectFrom('central_command')
      .selectAll()
      .where('device_id', '=', deviceId)
      .where('name', '=', name)
      .orderBy('requested_at', 'desc')
      .orderBy('command_id', 'desc');
  }
}

function runOf(row: CentralCommandRow): CommandRun {
  return {
    commandId: row.command_id,
    deviceId: row.device_id,
    name: row.name,
    ...(row.request === null ? {} : { request: stored(row.request) }),
    connectionTimeoutSeconds: row.connection_timeout,
    responseTimeoutSeconds: row.response_timeout,
    requestedAt: instant(row.requested_at),
    requestedBy: row.requested_by,
    ...(row.response_code === null ? {} : { response: { code: row.response_code, payload: stored(row.response ?? 'null') } }),
    ...(row.failure_code === null ? {} : { failure: { code: row.failure_code, message: row.failure_message ?? '' } }),
  };
}

/** Our own JSON.stringify, of a value that was bounded when it came in. */
function stored(text: string): Json {
  return parseJson(text, { bytesMax: Number.MAX_SAFE_INTEGER, depthMax: Number.MAX_SAFE_INTEGER });
}
