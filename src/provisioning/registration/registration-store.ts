import { instant } from '#base/instant.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import type { DpsOperationRow, DpsRegistrationRow } from '#storage/schema/provisioning.ts';
import { inTransaction } from '#storage/transaction.ts';
import { type Assignment, assignmentOf, type Operation, type Registration, substatuses } from './registration.ts';

export class RegistrationStore {
  readonly #database: Database;
  readonly #instance: string;

  constructor(database: Database, instance: string) {
    this.#database = database;
    this.#instance = instance;
  }

  async insertOperation(operation: Operation, createdAt: number): Promise<void> {
    await this.#database
      .insertInto('dps_operation')
      .values({
        operation_id: operation.operationId,
        instance: this.#instance,
        registration_key: keyOf(operation.registrationId),
        registration_id: operation.registrationId,
        payload: operation.payload ?? null,
        is_done: 0,
        created_at: createdAt,
      })
      .execute();
  }

  async loadOperation(operationId: string): Promise<Operation | undefined> {
    const row = await this.#operations().where('operation_id', '=', operationId).executeTakeFirst();
    return row && operationOf(row);
  }

  /** The one that is not finished, if there is one. */
  async loadRunning(registrationId: string, since: number): Promise<Operation | undefined> {
    const row = await this.#operations()
      .where('registration_key', '=', keyOf(registrationId))
      .where('is_done', '=', 0)
      .where('created_at', '>=', since)
      .orderBy('created_at', 'desc')
      .executeTakeFirst();
    return row && operationOf(row);
  }

  async deleteOperationsBefore(at: number): Promise<void> {
    await this.#database
      .deleteFrom('dps_operation')
      .where('instance', '=', this.#instance)
      .where('created_at', '<', at)
      .execute();
  }

  /** Stores the result and ends its operation, both or neither. */
  async finish(operationId: string, registration: Registration): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      const row = this.#rowOf(registration);
      const { instance, registration_key, created_at, ...changes } = row;
      await transaction
        .insertInto('dps_registration')
        .values({ instance, registration_key, created_at, ...changes })
        .onConflict((conflict) => conflict.columns(['instance', 'registration_key']).doUpdateSet(changes))
        .execute();
      await transaction.updateTable('dps_operation').set({ is_done: 1 }).where('operation_id', '=', operationId).execute();
    });
  }

  async load(registrationId: string): Promise<Registration | undefined> {
    const row = await this.#registrations().where('registration_key', '=', keyOf(registrationId)).executeTakeFirst();
    return row && registrationOf(row);
  }

  /** Of one group, by id in lower case, after `after`. */
  async page(groupId: string, after: string, limit: number): Promise<Registration[]> {
    const rows = await this.#registrations()
      .where('group_id', '=', groupId)
      .where('registration_key', '>', keyOf(after))
      .orderBy('registration_key')
      .limit(limit)
      .execute();
    return rows.map(registrationOf);
  }

  /** Of all, by id in lower case, after `after`. */
  async pageAll(after: string, limit: number): Promise<Registration[]> {
    const rows = await this.#registrations()
      .where('registration_key', '>', keyOf(after))
      .orderBy('registration_key')
      .limit(limit)
      .execute();
    return rows.map(registrationOf);
  }

  async list(groupId?: string): Promise<Registration[]> {
    const all = this.#registrations().orderBy('registration_key');
    const rows = await (groupId === undefined ? all : all.where('group_id', '=', groupId)).execute();
    return rows.map(registrationOf);
  }

  async delete(registrationId: string): Promise<boolean> {
    const deleted = await this.#database
      .deleteFrom('dps_registration')
      .where('instance', '=', this.#instance)
      .where('registration_key', '=', keyOf(registrationId))
      .returning('registration_key')
      .executeTakeFirst();
    return deleted !== undefined;
  }

  #registrations() {
    return this.#database.selectFrom('dps_registration').selectAll().where('instance', '=', this.#instance);
  }

  #operations() {
    return this.#database.selectFrom('dps_operation').selectAll().where('instance', '=', this.#instance);
  }

  #rowOf(registration: Registration): DpsRegistrationRow {
    const { result } = registration;
    const assigned = assignmentOf(registration);
    const payload = result.status === 'assigned' ? result.payload : undefined;
    const failed = result.status === 'failed' ? result : undefined;
    return {
      instance: this.#instance,
      registration_key: keyOf(registration.registrationId),
      registration_id: registration.registrationId,
      group_id: registration.groupId ?? '',
      status: result.status,
      substatus: assigned?.substatus ?? null,
      assigned_hub: assigned?.hubHostName ?? null,
      device_id: assigned?.deviceId ?? null,
      first_hub: assigned?.firstHubHostName ?? null,
      error_code: failed?.errorCode ?? null,
      error_message: failed?.errorMessage ?? null,
      payload: payload === undefined ? null : JSON.stringify(payload),
      leaf_sha256: registration.leafSha256 ?? '',
      anchor_sha256: registration.anchorSha256 ?? '',
      etag: registration.etag,
      created_at: registration.createdAt,
      updated_at: registration.updatedAt,
    };
  }
}

function keyOf(registrationId: string): string {
  return registrationId.toLowerCase();
}

function operationOf(row: DpsOperationRow): Operation {
  const { operation_id: operationId, registration_id: registrationId } = row;
  return { operationId, registrationId, payload: row.payload ?? undefined, isDone: row.is_done === 1 };
}

function registrationOf(row: DpsRegistrationRow): Registration {
  return {
    registrationId: row.registration_id,
    ...(row.group_id !== '' && { groupId: row.group_id }),
    result: resultOf(row),
    ...(row.leaf_sha256 !== '' && { leafSha256: row.leaf_sha256 }),
    ...(row.anchor_sha256 !== '' && { anchorSha256: row.anchor_sha256 }),
    etag: row.etag,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}

function resultOf(row: DpsRegistrationRow): Registration['result'] {
  const assignment = readAssignment(row);
  if (row.status !== 'assigned' || !assignment) {
    return {
      status: 'failed',
      errorCode: row.error_code ?? 500000,
      errorMessage: row.error_message ?? '',
      ...(assignment && { previous: assignment }),
    };
  }
  const payload = row.payload === null ? undefined : parseJson(row.payload);
  return { status: 'assigned', ...assignment, ...(isJsonObject(payload) && { payload }) };
}

function readAssignment(row: DpsRegistrationRow): Assignment | undefined {
  if (row.assigned_hub === null || row.device_id === null) return undefined;
  return {
    hubHostName: row.assigned_hub,
    deviceId: row.device_id,
    substatus: substatuses.find((known) => known === row.substatus) ?? 'initialAssignment',
    // A registration of a version that knew one hub has no other.
    firstHubHostName: row.first_hub ?? row.assigned_hub,
  };
}
