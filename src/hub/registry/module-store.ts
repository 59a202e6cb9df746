import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubModuleRow } from '#storage/schema/hub.ts';
import { type KeySealer, SealedKeys } from '#storage/sealed-keys.ts';
import type { Transaction } from '#storage/transaction.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import { identityName } from '../identity.ts';
import { formatAuthentication, parseAuthentication } from './authentication-columns.ts';
import type { Module } from './module.ts';

/** Module identities of one hub in the database. */
export class ModuleStore {
  readonly #database: Database;
  readonly #hub: string;
  readonly #sealer: KeySealer;

  constructor(database: Database, hub: string, sealer: KeySealer) {
    this.#database = database;
    this.#hub = hub;
    this.#sealer = sealer;
  }

  /** The keys in the form in which the module's row takes them. */
  seal(deviceId: string, moduleId: string, keys: SymmetricKeys): SealedKeys {
    return SealedKeys.seal(this.#sealer, this.#sealNameOf(deviceId, moduleId), keys);
  }

  async load(deviceId: string, moduleId: string): Promise<Module | undefined> {
    const row = await this.#database
      .selectFrom('hub_module')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .where('module_id', '=', moduleId)
      .executeTakeFirst();
    return row && this.#parseRow(row);
  }

  /** All of a device, by module id. */
  async list(deviceId: string): Promise<Module[]> {
    const rows = await this.#database
      .selectFrom('hub_module')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .orderBy('module_id')
      .execute();
    return rows.map((row) => this.#parseRow(row));
  }

  async count(transaction: Transaction, deviceId: string): Promise<number> {
    const row = await transaction
      .selectFrom('hub_module')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return Number(row?.count ?? 0);
  }

  /** False when the device has a module of this id already. */
  async insert(transaction: Transaction, module: Module): Promise<boolean> {
    const result = await transaction
      .insertInto('hub_module')
      .values(formatRow(this.#hub, module))
      .onConflict((conflict) => conflict.columns(['hub', 'device_id', 'module_id']).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /** Replaces the identity, if it still has `etag`; otherwise nothing happens and the answer is false. */
  async replace(module: Module, etag: string): Promise<boolean> {
    const result = await this.#database
      .updateTable('hub_module')
      .set(formatRow(this.#hub, module))
      .where('hub', '=', this.#hub)
      .where('device_id', '=', module.deviceId)
      .where('module_id', '=', module.moduleId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Twin and stored session go with it. */
  async delete(deviceId: string, moduleId: string, executor: Database | Transaction = this.#database): Promise<boolean> {
    const result = await executor
      .deleteFrom('hub_module')
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .where('module_id', '=', moduleId)
      .executeTakeFirst();
    return result.numDeletedRows === 1n;
  }

  #parseRow(row: HubModuleRow): Module {
    const { device_id: deviceId, module_id: moduleId } = row;
    return {
      deviceId,
      moduleId,
      generationId: row.generation_id,
      etag: row.etag,
      ...(row.managed_by === null ? {} : { managedBy: row.managed_by }),
      authentication:
        row.authentication_type === 'none'
          ? { type: 'none' }
          : parseAuthentication(row, this.#sealer, this.#sealNameOf(deviceId, moduleId)),
      createdAt: instant(row.created_at),
      updatedAt: instant(row.updated_at),
    };
  }

  /** No other module has this one, in any hub or device. */
  #sealNameOf(deviceId: string, moduleId: string): string {
    return `hub-module:${this.#hub}/${identityName({ deviceId, moduleId })}`;
  }
}

function formatRow(hub: string, module: Module): HubModuleRow {
  return {
    hub,
    device_id: module.deviceId,
    module_id: module.moduleId,
    generation_id: module.generationId,
    etag: module.etag,
    managed_by: module.managedBy ?? null,
    ...formatAuthentication(module.authentication),
    created_at: module.createdAt,
    updated_at: module.updatedAt,
  };
}
