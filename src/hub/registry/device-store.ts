import { sql } from 'kysely';
import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import { type PastThumbprint, parsePastThumbprints, retireThumbprints } from '#storage/past-thumbprints.ts';
import type { HubDeviceRow } from '#storage/schema/hub.ts';
import { type KeySealer, SealedKeys } from '#storage/sealed-keys.ts';
import type { Transaction } from '#storage/transaction.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import { formatAuthentication, parseAuthentication } from './authentication-columns.ts';
import type { Device } from './device.ts';
import { statusOf } from './status-columns.ts';

/** Device identities of one hub in the database. */
export class DeviceStore {
  readonly #database: Database;
  readonly #hub: string;
  readonly #sealer: KeySealer;

  constructor(database: Database, hub: string, sealer: KeySealer) {
    this.#database = database;
    this.#hub = hub;
    this.#sealer = sealer;
  }

  /** The keys in the form in which the device's row takes them. */
  seal(deviceId: string, keys: SymmetricKeys): SealedKeys {
    return SealedKeys.seal(this.#sealer, sealNameOf(this.#hub, deviceId), keys);
  }

  async load(deviceId: string): Promise<Device | undefined> {
    const row = await this.#database
      .selectFrom('hub_device')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return row && this.#parseRow(row);
  }

  /** By device id, after `after`. */
  async list(after: string, limit: number): Promise<Device[]> {
    const rows = await this.#database
      .selectFrom('hub_device')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '>', after)
      .orderBy('device_id')
      .limit(limit)
      .execute();
    return rows.map((row) => this.#parseRow(row));
  }

  /** What thumbprints the device had before those it has, newest first. */
  async pastThumbprints(deviceId: string): Promise<PastThumbprint[]> {
    const row = await this.#database
      .selectFrom('hub_device')
      .select('past_thumbprints')
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return parsePastThumbprints(row?.past_thumbprints ?? null);
  }

  /** Ids around `deviceId` in the order of their lower-case forms: what is spelled almost alike stands there. */
  async neighbours(deviceId: string, each: number): Promise<string[]> {
    const folded = sql<string>`lower(device_id)`;
    const select = () => this.#database.selectFrom('hub_device').select('device_id').where('hub', '=', this.#hub).limit(each);
    const key = deviceId.toLowerCase();
    const [after, before] = await Promise.all([
      select().where(folded, '>=', key).orderBy(folded).execute(),
      select().where(folded, '<', key).orderBy(folded, 'desc').execute(),
    ]);
    return [...after, ...before].map((row) => row.device_id);
  }

  /**
   * Keeps devices out or lets them go, all of them or none, and says how many that changed. They get a new tag, so that
   * whoever is about to replace what they read before does not.
   */
  async hold(deviceIds: readonly string[], change: { reason: string | undefined; etag: string; now: number }): Promise<number> {
    const { reason = null, etag, now } = change;
    const result = await this.#database
      .updateTable('hub_device')
      .set({ hold_reason: reason, etag, updated_at: now })
      .where('hub', '=', this.#hub)
      .where('device_id', 'in', deviceIds)
      .where((where) =>
        reason === null
          ? where('hold_reason', 'is not', null)
          : where.or([where('hold_reason', 'is', null), where('hold_reason', '<>', reason)]),
      )
      .executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  /** Those that are kept out, by device id, after `after`. */
  async listHeld(after: string, limit: number): Promise<string[]> {
    const rows = await this.#database
      .selectFrom('hub_device')
      .select('device_id')
      .where('hub', '=', this.#hub)
      .where('hold_reason', 'is not', null)
      .where('device_id', '>', after)
      .orderBy('device_id')
      .limit(limit)
      .execute();
    return rows.map((row) => row.device_id);
  }

  async count(): Promise<{ total: number; enabled: number }> {
    const row = await this.#database
      .selectFrom('hub_device')
      .select(({ fn, eb }) => [
        fn.countAll().as('total'),
        fn.sum(eb.case().when('hold_reason', 'is', null).then(eb.ref('is_enabled')).else(0).end()).as('enabled'),
      ])
      .where('hub', '=', this.#hub)
      .executeTakeFirst();
    return { total: Number(row?.total ?? 0), enabled: Number(row?.enabled ?? 0) };
  }

  /** Which of these there are. */
  async existing(deviceIds: readonly string[]): Promise<Set<string>> {
    if (deviceIds.length === 0) return new Set();
    const rows = await this.#database
      .selectFrom('hub_device')
      .select('device_id')
      .where('hub', '=', this.#hub)
      .where('device_id', 'in', deviceIds)
      .execute();
    return new Set(rows.map((row) => row.device_id));
  }

  /** Adds those whose ids are free, and says which those were. */
  async insert(transaction: Transaction, devices: readonly Device[]): Promise<Set<string>> {
    const rows = await transaction
      .insertInto('hub_device')
      .values(devices.map((device) => formatRow(this.#hub, device)))
      .onConflict((conflict) => conflict.columns(['hub', 'device_id']).doNothing())
      .returning('device_id')
      .execute();
    return new Set(rows.map((row) => row.device_id));
  }

  /** Replaces the identity, if it still has `etag`; otherwise nothing happens and the answer is false. */
  async replace(executor: Database | Transaction, device: Device, etag: string): Promise<boolean> {
    const { past_thumbprints: _, ...row } = formatRow(this.#hub, device);
    const result = await executor
      .updateTable('hub_device')
      .set({ ...row, past_thumbprints: retireThumbprints(row, device.updatedAt) })
      .where('hub', '=', this.#hub)
      .where('device_id', '=', device.deviceId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Takes those that stand below `scope` away from there. They get a new tag, as with `hold`. */
  async orphan(transaction: Transaction, scope: string, change: { etag: string; now: number }): Promise<void> {
    await transaction
      .updateTable('hub_device')
      .set({ parent_scope: null, etag: change.etag, updated_at: change.now })
      .where('hub', '=', this.#hub)
      .where('parent_scope', '=', scope)
      .execute();
  }

  /** Twin, stored session and modules go with it. */
  async delete(executor: Database | Transaction, deviceId: string): Promise<boolean> {
    const result = await executor
      .deleteFrom('hub_device')
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return result.numDeletedRows === 1n;
  }

  #parseRow(row: HubDeviceRow): Device {
    return {
      deviceId: row.device_id,
      generationId: row.generation_id,
      etag: row.etag,
      ...statusOf(row),
      ...(row.status_updated_at === null ? {} : { statusUpdatedAt: instant(row.status_updated_at) }),
      authentication: parseAuthentication(row, this.#sealer, sealNameOf(this.#hub, row.device_id)),
      isEdge: row.is_edge === 1,
      ...(row.parent_scope === null ? {} : { parentScope: row.parent_scope }),
      createdAt: instant(row.created_at),
      updatedAt: instant(row.updated_at),
    };
  }
}

/** No host, hub or device of another name has this one: hub names hold no slash. */
function sealNameOf(hub: string, deviceId: string): string {
  return `hub-device:${hub}/${deviceId}`;
}

function formatRow(hub: string, device: Device): HubDeviceRow {
  return {
    hub,
    device_id: device.deviceId,
    generation_id: device.generationId,
    etag: device.etag,
    ...statusColumns(device),
    status_updated_at: device.statusUpdatedAt ?? null,
    ...formatAuthentication(device.authentication),
    past_thumbprints: null,
    is_edge: device.isEdge ? 1 : 0,
    parent_scope: device.parentScope ?? null,
    created_at: device.createdAt,
    updated_at: device.updatedAt,
  };
}

function statusColumns({ isEnabled, statusReason, ownStatus }: Device) {
  const own = ownStatus ?? { isEnabled, statusReason };
  return {
    is_enabled: own.isEnabled ? 1 : 0,
    status_reason: own.statusReason ?? null,
    hold_reason: ownStatus ? (statusReason ?? '') : null,
  };
}
