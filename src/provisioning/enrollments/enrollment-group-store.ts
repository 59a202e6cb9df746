import { instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { DpsEnrollmentGroupRow } from '#storage/schema/provisioning.ts';
import { type KeySealer, SealedKeys } from '#storage/sealed-keys.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import { allocationColumns, allocationOf } from './allocation-columns.ts';
import type { EnrollmentGroup, GroupAttestation } from './enrollment-group.ts';

export class EnrollmentGroupStore {
  readonly #database: Database;
  readonly #instance: string;

  readonly #sealer: KeySealer;

  constructor(database: Database, instance: string, sealer: KeySealer) {
    this.#database = database;
    this.#instance = instance;
    this.#sealer = sealer;
  }

  /** The keys in the form in which the group's row takes them. */
  seal(groupId: string, keys: SymmetricKeys): SealedKeys {
    return SealedKeys.seal(this.#sealer, this.#sealNameOf(groupId), keys);
  }

  /** Those of a version that knew no keys yet. */
  async listWithoutKeys(): Promise<string[]> {
    const rows = await this.#select().where('attestation_type', '=', 'symmetricKey').where('sealed_keys', 'is', null).execute();
    return rows.map((row) => row.group_id);
  }

  async setKeys(groupId: string, keys: SealedKeys): Promise<void> {
    await this.#database
      .updateTable('dps_enrollment_group')
      .set({ sealed_keys: keys.sealed })
      .where('instance', '=', this.#instance)
      .where('group_key', '=', keyOf(groupId))
      .execute();
  }

  /** False when a group of this id exists. */
  async insert(group: EnrollmentGroup): Promise<boolean> {
    const inserted = await this.#database
      .insertInto('dps_enrollment_group')
      .values(this.#rowOf(group))
      .onConflict((conflict) => conflict.columns(['instance', 'group_key']).doNothing())
      .returning('group_key')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  /** False when the group is gone or no longer has `etag`. */
  async replace(group: EnrollmentGroup, etag: string): Promise<boolean> {
    const replaced = await this.#database
      .updateTable('dps_enrollment_group')
      .set(this.#rowOf(group))
      .where('instance', '=', this.#instance)
      .where('group_key', '=', keyOf(group.groupId))
      .where('etag', '=', etag)
      .returning('group_key')
      .executeTakeFirst();
    return replaced !== undefined;
  }

  async delete(groupId: string, etag: string): Promise<boolean> {
    const deleted = await this.#database
      .deleteFrom('dps_enrollment_group')
      .where('instance', '=', this.#instance)
      .where('group_key', '=', keyOf(groupId))
      .where('etag', '=', etag)
      .returning('group_key')
      .executeTakeFirst();
    return deleted !== undefined;
  }

  async load(groupId: string): Promise<EnrollmentGroup | undefined> {
    const row = await this.#select().where('group_key', '=', keyOf(groupId)).executeTakeFirst();
    return row && this.#groupOf(row);
  }

  /** By id in lower case, after `after`. */
  async page(after: string, limit: number): Promise<EnrollmentGroup[]> {
    const rows = await this.#select().where('group_key', '>', keyOf(after)).orderBy('group_key').limit(limit).execute();
    return rows.map((row) => this.#groupOf(row));
  }

  /** Oldest first. */
  async list(): Promise<EnrollmentGroup[]> {
    return (await this.#select().orderBy('created_at').orderBy('group_key').execute()).map((row) => this.#groupOf(row));
  }

  #select() {
    return this.#database.selectFrom('dps_enrollment_group').selectAll().where('instance', '=', this.#instance);
  }

  #rowOf(group: EnrollmentGroup): DpsEnrollmentGroupRow {
    const x509 = group.attestation.type === 'x509' ? group.attestation : undefined;
    return {
      instance: this.#instance,
      group_key: keyOf(group.groupId),
      group_id: group.groupId,
      display_name: group.displayName,
      type: group.type,
      is_enabled: group.isEnabled ? 1 : 0,
      attestation_type: group.attestation.type,
      primary_certificate_id: x509?.primaryCertificateId ?? null,
      secondary_certificate_id: x509?.secondaryCertificateId ?? null,
      primary_certificate: x509?.primaryCertificate ?? null,
      secondary_certificate: x509?.secondaryCertificate ?? null,
      sealed_keys: group.attestation.type === 'symmetricKey' ? group.attestation.keys.sealed : null,
      ...allocationColumns(group.allocation, this.#sealer, webhookNameOf(this.#instance, group.groupId)),
      etag: group.etag,
      created_at: group.createdAt,
      updated_at: group.updatedAt,
    };
  }

  #groupOf(row: DpsEnrollmentGroupRow): EnrollmentGroup {
    return {
      groupId: row.group_id,
      displayName: row.display_name,
      type: row.type === 'iotEdge' ? 'iotEdge' : 'iot',
      isEnabled: row.is_enabled === 1,
      attestation: this.#attestationOf(row),
      allocation: allocationOf(row, this.#sealer, webhookNameOf(this.#instance, row.group_id)),
      etag: row.etag,
      createdAt: instant(row.created_at),
      updatedAt: instant(row.updated_at),
    };
  }

  #attestationOf(row: DpsEnrollmentGroupRow): GroupAttestation {
    if (row.attestation_type !== 'x509') {
      const sealed = row.sealed_keys ?? new Uint8Array();
      return { type: 'symmetricKey', keys: new SealedKeys(this.#sealer, this.#sealNameOf(row.group_id), sealed) };
    }
    return {
      type: 'x509',
      ...(row.primary_certificate_id !== null && { primaryCertificateId: row.primary_certificate_id }),
      ...(row.secondary_certificate_id !== null && { secondaryCertificateId: row.secondary_certificate_id }),
      ...(row.primary_certificate !== null && { primaryCertificate: Buffer.from(row.primary_certificate) }),
      ...(row.secondary_certificate !== null && { secondaryCertificate: Buffer.from(row.secondary_certificate) }),
    };
  }

  #sealNameOf(groupId: string): string {
    return `dps-group:${this.#instance}/${keyOf(groupId)}`;
  }
}

function webhookNameOf(instance: string, groupId: string): string {
  return `dps-group-webhook:${instance}/${keyOf(groupId)}`;
}

function keyOf(groupId: string): string {
  return groupId.toLowerCase();
}
