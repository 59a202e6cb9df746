import { type Instant, instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import type { Database } from '#storage/database.ts';
import type { SphereDeviceRow } from '#storage/schema/sphere.ts';
import type { AssuranceLevel } from '#trust/attest-sphere.ts';
import { insertDevice, loadDevice, loadTenantDevices, updateDevice } from './device-store.ts';

export type ClaimedDevice = {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly claimEpoch: number;
  readonly claimMethod: 'possession';
  readonly claimedAt: Instant;
  readonly chipSku: string;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly bootCount: number | undefined;
  readonly bootSeed: string | undefined;
  readonly osVersion: string | undefined;
  readonly assurance: string | undefined;
  readonly attestedAt: Instant | undefined;
  readonly leafNotAfter: Instant | undefined;
  readonly statusChangedAt: Instant | undefined;
  readonly revision: number;
};

/** What a successful appraisal leaves behind. */
export type AttestationRecord = {
  bootCount: number;
  bootSeed: string;
  osVersion: string;
  assurance: AssuranceLevel;
  attestedAt: Instant;
  leafNotAfter: Instant;
};

const pageSize = 100;
const firstClaimEpoch = 1;
/** The only chip whose devices are known to exist (sphere.md 1.1). */
const chipSku = 'MT3620AN';

/** Devices and whose they are. Ids come here parsed: lower case, on the curve. */
export class Devices {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #audit: Audit;

  constructor(platform: Platform, database: Database, audit: Audit) {
    this.#platform = platform;
    this.#database = database;
    this.#audit = audit;
  }

  async load(deviceId: string): Promise<ClaimedDevice | undefined> {
    const row = await loadDevice(this.#database, deviceId);
    return row && deviceOf(row);
  }

  /** Throws Problem `device-not-found`, for another tenant's device exactly as for none. */
  async require(tenantId: string, deviceId: string): Promise<ClaimedDevice> {
    const device = await this.load(deviceId);
    if (device?.tenantId !== tenantId) throw new Problem('device-not-found', 'The tenant has no such device.');
    return device;
  }

  /** In the order of ids. `next` continues the listing and is absent at its end. */
  async list(tenantId: string, after = ''): Promise<{ devices: ClaimedDevice[]; next: string | undefined }> {
    const rows = await loadTenantDevices(this.#database, tenantId, after, pageSize + 1);
    const devices = rows.slice(0, pageSize).map(deviceOf);
    return { devices, next: rows.length > pageSize ? devices.at(-1)?.deviceId : undefined };
  }

  /**
   * Makes the device the tenant's, in a transaction of the caller's. The insert decides between
   * simultaneous claims: whoever comes second finds the row and learns whether it is their own.
   */
  async claim(transaction: Database, deviceId: string, tenantId: string): Promise<{ device: ClaimedDevice; isNew: boolean }> {
    const row: SphereDeviceRow = {
      device_id: deviceId,
      tenant_id: tenantId,
      claim_epoch: firstClaimEpoch,
      claim_method: 'possession',
      claimed_at: this.#platform.clock.now(),
      chip_sku: chipSku,
      status: 'active',
      boot_count: null,
      boot_seed: null,
      os_version: null,
      assurance: null,
      attested_at: null,
      leaf_not_after: null,
      status_changed_at: null,
      revision: 0,
    };
    if (await insertDevice(transaction, row)) return { device: deviceOf(row), isNew: true };
    const known = await loadDevice(transaction, deviceId);
    if (!known) throw new Problem('internal', 'A claimed device vanished.');
    return { device: deviceOf(known), isNew: false };
  }

  /** False when the device changed since `device` was loaded: then appraise again. */
  recordAttestation(transaction: Database, device: ClaimedDevice, record: AttestationRecord): Promise<boolean> {
    return updateDevice(transaction, device.deviceId, device.revision, {
      boot_count: record.bootCount,
      boot_seed: record.bootSeed,
      os_version: record.osVersion,
      assurance: record.assurance,
      attested_at: record.attestedAt,
      leaf_not_after: record.leafNotAfter,
    });
  }

  /**
   * Suspends, resumes or revokes; false when nothing changed. Throws Problem `device-not-found`, `conflict` for a revoked
   * device: that is for good.
   */
  async setStatus(tenantId: string, deviceId: string, status: ClaimedDevice['status'], actor: string): Promise<boolean> {
    const device = await this.require(tenantId, deviceId);
    if (device.status === status) return false;
    if (device.status === 'revoked') throw new Problem('conflict', 'The device is revoked; that cannot be undone.');
    const type = status === 'active' ? 'resume' : status === 'suspended' ? 'suspend' : 'revoke';
    const write = await this.#audit.prepare({ type, tenantId, deviceId, actor });
    await this.#database.transaction().execute(async (transaction) => {
      const change = { status, status_changed_at: this.#platform.clock.now() };
      if (!(await updateDevice(transaction, deviceId, device.revision, change))) {
        throw new Problem('precondition-failed', 'The device changed meanwhile; try again.');
      }
      await write(transaction);
    });
    this.#platform.log.info(`device.${deeds[status]}`, { deviceId, tenantId, actor });
    return true;
  }
}

const deeds = { active: 'resumed', suspended: 'suspended', revoked: 'revoked' } as const;

function deviceOf(row: SphereDeviceRow): ClaimedDevice {
  return {
    deviceId: row.device_id,
    tenantId: row.tenant_id,
    claimEpoch: row.claim_epoch,
    claimMethod: row.claim_method,
    claimedAt: instant(row.claimed_at),
    chipSku: row.chip_sku,
    status: row.status,
    bootCount: row.boot_count ?? undefined,
    bootSeed: row.boot_seed ?? undefined,
    osVersion: row.os_version ?? undefined,
    assurance: row.assurance ?? undefined,
    attestedAt: row.attested_at === null ? undefined : instant(row.attested_at),
    leafNotAfter: row.leaf_not_after === null ? undefined : instant(row.leaf_not_after),
    statusChangedAt: row.status_changed_at === null ? undefined : instant(row.status_changed_at),
    revision: row.revision,
  };
}
