import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { CentralDeviceRow } from '#storage/schema/central.ts';
import { inTransaction } from '#storage/transaction.ts';
import { type Device, foldDeviceId } from './device.ts';

export class DeviceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False when there is a device of this id, in whatever case. */
  async insert(device: Device): Promise<boolean> {
    const result = await this.#database
      .insertInto('central_device')
      .values(rowOf(device))
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  }

  /** Finds the device under any spelling of its id. */
  async load(deviceId: string): Promise<Device | undefined> {
    const row = await this.#database
      .selectFrom('central_device')
      .selectAll()
      .where('folded_id', '=', foldDeviceId(deviceId))
      .executeTakeFirst();
    return row && deviceOf(row);
  }

  /** Writes `device` over the row that still has `etag`; false when somebody else was faster. */
  async update(device: Device, etag: string): Promise<boolean> {
    // What was last seen is written by `saveSeen` alone.
    const { last_seen_at: _, ...row } = rowOf(device);
    const result = await this.#database
      .updateTable('central_device')
      .set(row)
      .where('device_id', '=', device.deviceId)
      .where('etag', '=', etag)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async delete(deviceId: string): Promise<boolean> {
    const result = await this.#database.deleteFrom('central_device').where('device_id', '=', deviceId).executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  /** In order of id, after `after`. */
  async list(after: string | undefined, limit: number): Promise<Device[]> {
    let query = this.#database.selectFrom('central_device').selectAll().orderBy('device_id').limit(limit);
    if (after !== undefined) query = query.where('device_id', '>', after);
    return (await query.execute()).map(deviceOf);
  }

  /** Devices by the group they came through. */
  async countByGroup(): Promise<Map<string, number>> {
    const rows = await this.#database
      .selectFrom('central_device')
      .select(['enrollment_group_id', (row) => row.fn.countAll<number>().as('devices')])
      .where('enrollment_group_id', 'is not', null)
      .groupBy('enrollment_group_id')
      .execute();
    return new Map(rows.map((row) => [row.enrollment_group_id ?? '', Number(row.devices)]));
  }

  /** In one transaction; ids without a row are passed over. */
  async saveSeen(seen: ReadonlyMap<string, Instant>): Promise<void> {
    await inTransaction(this.#database, async (transaction) => {
      for (const [deviceId, at] of seen) {
        await transaction.updateTable('central_device').set({ last_seen_at: at }).where('device_id', '=', deviceId).execute();
      }
    });
  }
}

function rowOf(device: Device): CentralDeviceRow {
  return {
    device_id: device.deviceId,
    folded_id: foldDeviceId(device.deviceId),
    display_name: device.displayName,
    template_id: device.templateId ?? null,
    model_id: device.modelId ?? null,
    is_blocked: Number(device.isBlocked),
    is_approved: Number(device.isApproved),
    is_provisioned: Number(device.isProvisioned),
    is_simulated: Number(device.isSimulated),
    enrollment_group_id: device.enrollmentGroupId ?? null,
    assurance: device.assurance ?? null,
    last_seen_at: device.lastSeenAt ?? null,
    etag: device.etag,
    created_at: device.createdAt,
    updated_at: device.updatedAt,
  };
}

function deviceOf(row: CentralDeviceRow): Device {
  return {
    deviceId: row.device_id,
    displayName: row.display_name,
    ...(row.template_id === null ? {} : { templateId: row.template_id }),
    ...(row.model_id === null ? {} : { modelId: row.model_id }),
    isBlocked: row.is_blocked === 1,
    isApproved: row.is_approved === 1,
    isProvisioned: row.is_provisioned === 1,
    isSimulated: row.is_simulated === 1,
    ...(row.enrollment_group_id === null ? {} : { enrollmentGroupId: row.enrollment_group_id }),
    ...(row.assurance === null ? {} : { assurance: row.assurance }),
    ...(row.last_seen_at === null ? {} : { lastSeenAt: instant(row.last_seen_at) }),
    etag: row.etag,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  };
}
