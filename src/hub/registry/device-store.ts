import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { HubDeviceRow } from '#storage/schema/hub.ts';
import type { Transaction } from '#storage/transaction.ts';
import type { Device, DeviceAuthentication } from './device.ts';

/** Device identities of one hub in the database. */
export class DeviceStore {
  readonly #database: Database;
  readonly #hub: string;

  constructor(database: Database, hub: string) {
    this.#database = database;
    this.#hub = hub;
  }

  async load(deviceId: string): Promise<Device | undefined> {
    const row = await this.#database
      .selectFrom('hub_device')
      .selectAll()
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return row && parseRow(row);
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
    return rows.map(parseRow);
  }

  /** False when a device of this id exists already. */
  async insert(transaction: Transaction, device: Device): Promise<boolean> {
    const result = await transaction
      .insertInto('hub_device')
      .values(formatRow(this.#hub, device))
      .onConflict((conflict) => conflict.columns(['hub', 'device_id']).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  /** Replaces the identity, if it still has `etag`; otherwise nothing happens and the answer is false. */
  async replace(device: Device, etag: string): Promise<boolean> {
    const result = await this.#database
      .updateTable('hub_device')
      .set(formatRow(this.#hub, device))
      .where('hub', '=', this.#hub)
      .where('device_id', '=', device.deviceId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  /** Twin and stored session go with it. */
  async delete(deviceId: string): Promise<boolean> {
    const result = await this.#database
      .deleteFrom('hub_device')
      .where('hub', '=', this.#hub)
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    return result.numDeletedRows === 1n;
  }
}

function formatRow(hub: string, device: Device): HubDeviceRow {
  const { authentication } = device;
  const thumbprints = authentication.type === 'selfSigned' ? authentication : undefined;
  return {
    hub,
    device_id: device.deviceId,
    generation_id: device.generationId,
    etag: device.etag,
    is_enabled: device.isEnabled ? 1 : 0,
    authentication_type: authentication.type,
    primary_thumbprint: thumbprints?.primaryThumbprint ?? null,
    secondary_thumbprint: thumbprints?.secondaryThumbprint ?? null,
    created_at: device.createdAt,
    updated_at: device.updatedAt,
  };
}

function parseRow(row: HubDeviceRow): Device {
  return {
    deviceId: row.device_id,
    generationId: row.generation_id,
    etag: row.etag,
    isEnabled: row.is_enabled === 1,
    authentication: parseAuthentication(row),
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}

function parseAuthentication(row: HubDeviceRow): DeviceAuthentication {
  if (row.authentication_type === 'certificateAuthority') return { type: 'certificateAuthority' };
  return {
    type: 'selfSigned',
    ...(row.primary_thumbprint === null ? {} : { primaryThumbprint: row.primary_thumbprint }),
    ...(row.secondary_thumbprint === null ? {} : { secondaryThumbprint: row.secondary_thumbprint }),
  };
}
