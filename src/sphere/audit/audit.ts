import { createHmac } from 'node:crypto';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import { insertAuditRow, loadAuditRows } from './audit-store.ts';

export type AuditType =
  | 'issue'
  | 'claim'
  | 'suspend'
  | 'resume'
  | 'revoke'
  | 'ca-created'
  | 'ca-activated'
  | 'ca-retired'
  | 'ca-revoked'
  | 'proof-issued'
  | 'policy-changed';

export type AuditEntry = {
  type: AuditType;
  tenantId?: string;
  deviceId?: string;
  reason?: string;
  certificateSha256?: string;
  policyVersion?: string;
  actor: string;
};

/** What the audit of a listing shows. `subject` is a device id hashed under its tenant's key. */
export type AuditRecord = {
  sequence: number;
  at: number;
  type: string;
  tenantId: string | null;
  subject: string | null;
  certificateSha256: string | null;
  policyVersion: string | null;
  actor: string;
};

/**
 * What the service did, append only (sphere.md 3.11). An entry is written in the transaction of the
 * deed, so that nothing is handed out whose entry is not on disk. Refusals are kept apart, in the
 * refusal log, since their number is the attacker's choice.
 */
export class Audit {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #secrets: Pick<SecretStore, 'loadOrCreate'>;

  constructor(platform: Platform, database: Database, secrets: Pick<SecretStore, 'loadOrCreate'>) {
    this.#platform = platform;
    this.#database = database;
    this.#secrets = secrets;
  }

  /**
   * Returns a function that writes `entry` in a transaction of the caller's. In two steps because
   * the key comes from a store of its own, which must not be asked inside the transaction.
   */
  async prepare(entry: AuditEntry): Promise<(transaction: Database) => Promise<void>> {
    const row = {
      at: this.#platform.clock.now(),
      type: entry.type,
      tenant_id: entry.tenantId ?? null,
      subject: await this.#subjectOf(entry),
      reason: entry.reason ?? null,
      certificate_sha256: entry.certificateSha256 ?? null,
      policy_version: entry.policyVersion ?? null,
      actor: entry.actor,
    };
    return (transaction) => insertAuditRow(transaction, row);
  }

  async append(entry: AuditEntry): Promise<void> {
    const write = await this.prepare(entry);
    await write(this.#database);
  }

  /** In order, beginning after the entry `after`. */
  async list(filter: { type?: AuditType; after?: number; limit?: number } = {}): Promise<AuditRecord[]> {
    const rows = await loadAuditRows(this.#database, {
      ...(filter.type === undefined ? {} : { type: filter.type }),
      after: filter.after ?? 0,
      limit: Math.min(filter.limit ?? 100, 1000),
    });
    return rows.map((row) => ({
      sequence: row.sequence,
      at: row.at,
      type: row.type,
      tenantId: row.tenant_id,
      subject: row.subject,
      certificateSha256: row.certificate_sha256,
      policyVersion: row.policy_version,
      actor: row.actor,
    }));
  }

  /** Keyed per tenant: whoever reads one tenant's entries learns nothing about another's devices. */
  async #subjectOf({ tenantId, deviceId }: AuditEntry): Promise<string | null> {
    if (tenantId === undefined || deviceId === undefined) return null;
    const key = await this.#secrets.loadOrCreate(`sphere-audit-${tenantId}`, () => this.#platform.random.bytes(32));
    return createHmac('sha256', key).update(deviceId).digest('hex');
  }
}
