import { instant } from '#base/instant.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Database } from '#storage/database.ts';
import { type PastThumbprint, parsePastThumbprints, retireThumbprints } from '#storage/past-thumbprints.ts';
import type { DpsEnrollmentRow } from '#storage/schema/provisioning.ts';
import { type KeySealer, SealedKeys } from '#storage/sealed-keys.ts';
import type { SymmetricKeys } from '#trust/symmetric-keys.ts';
import { allocationColumns, allocationOf } from './allocation-columns.ts';
import type { Enrollment, EnrollmentAttestation } from './enrollment.ts';

/** Individual enrollments of one instance in the database. */
export class EnrollmentStore {
  readonly #database: Database;
  readonly #instance: string;
  readonly #sealer: KeySealer;

  constructor(database: Database, instance: string, sealer: KeySealer) {
    this.#database = database;
    this.#instance = instance;
    this.#sealer = sealer;
  }

  /** The keys in the form in which the enrollment's row takes them. */
  seal(registrationId: string, keys: SymmetricKeys): SealedKeys {
    return SealedKeys.seal(this.#sealer, this.#sealNameOf(registrationId), keys);
  }

  /** False when there is one for this registration id. */
  async insert(enrollment: Enrollment): Promise<boolean> {
    const inserted = await this.#database
      .insertInto('dps_enrollment')
      .values(this.#rowOf(enrollment))
      .onConflict((conflict) => conflict.columns(['instance', 'registration_key']).doNothing())
      .returning('registration_key')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  /** False when it is gone or no longer has `etag`. */
  async replace(enrollment: Enrollment, etag: string): Promise<boolean> {
    const { past_thumbprints: _, ...row } = this.#rowOf(enrollment);
    const replaced = await this.#database
      .updateTable('dps_enrollment')
      .set({ ...row, past_thumbprints: retireThumbprints(row, enrollment.updatedAt) })
      .where('instance', '=', this.#instance)
      .where('registration_key', '=', keyOf(enrollment.registrationId))
      .where('etag', '=', etag)
      .returning('registration_key')
      .executeTakeFirst();
    return replaced !== undefined;
  }

  async delete(registrationId: string, etag: string): Promise<boolean> {
    const deleted = await this.#database
      .deleteFrom('dps_enrollment')
      .where('instance', '=', this.#instance)
      .where('registration_key', '=', keyOf(registrationId))
      .where('etag', '=', etag)
      .returning('registration_key')
      .executeTakeFirst();
    return deleted !== undefined;
  }

  /** What thumbprints the enrollment had before those it has, newest first. */
  async pastThumbprints(registrationId: string): Promise<PastThumbprint[]> {
    const row = await this.#select().where('registration_key', '=', keyOf(registrationId)).executeTakeFirst();
    return parsePastThumbprints(row?.past_thumbprints ?? null);
  }

  /** Ids around this one in order, `each` on either side. */
  async neighbours(registrationId: string, each: number): Promise<string[]> {
    const select = () =>
      this.#database.selectFrom('dps_enrollment').select('registration_id').where('instance', '=', this.#instance).limit(each);
    const key = keyOf(registrationId);
    const [after, before] = await Promise.all([
      select().where('registration_key', '>=', key).orderBy('registration_key').execute(),
      select().where('registration_key', '<', key).orderBy('registration_key', 'desc').execute(),
    ]);
    return [...after, ...before].map((row) => row.registration_id);
  }

  async load(registrationId: string): Promise<Enrollment | undefined> {
    const row = await this.#select().where('registration_key', '=', keyOf(registrationId)).executeTakeFirst();
    return row && this.#enrollmentOf(row);
  }

  /** By registration id in lower case, after `after`. */
  async list(after: string, limit: number): Promise<Enrollment[]> {
    const rows = await this.#select()
      .where('registration_key', '>', keyOf(after))
      .orderBy('registration_key')
      .limit(limit)
      .execute();
    return rows.map((row) => this.#enrollmentOf(row));
  }

  #select() {
    return this.#database.selectFrom('dps_enrollment').selectAll().where('instance', '=', this.#instance);
  }

  #rowOf(enrollment: Enrollment): DpsEnrollmentRow {
    const { attestation } = enrollment;
    const x509 = attestation.type === 'x509' ? attestation : undefined;
    return {
      instance: this.#instance,
      registration_key: keyOf(enrollment.registrationId),
      registration_id: enrollment.registrationId,
      device_id: enrollment.deviceId ?? null,
      is_enabled: enrollment.isEnabled ? 1 : 0,
      attestation_type: attestation.type,
      primary_thumbprint: x509?.primaryThumbprint ?? null,
      secondary_thumbprint: x509?.secondaryThumbprint ?? null,
      past_thumbprints: null,
      primary_certificate: x509?.primaryCertificate ?? null,
      secondary_certificate: x509?.secondaryCertificate ?? null,
      sealed_keys: attestation.type === 'symmetricKey' ? attestation.keys.sealed : null,
      ...allocationColumns(enrollment.allocation, this.#sealer, this.#webhookNameOf(enrollment.registrationId)),
      device_information: enrollment.deviceInformation === undefined ? null : JSON.stringify(enrollment.deviceInformation),
      etag: enrollment.etag,
      created_at: enrollment.createdAt,
      updated_at: enrollment.updatedAt,
    };
  }

  #enrollmentOf(row: DpsEnrollmentRow): Enrollment {
    const deviceInformation = row.device_information === null ? undefined : parseJson(row.device_information);
    return {
      registrationId: row.registration_id,
      ...(row.device_id !== null && { deviceId: row.device_id }),
      isEnabled: row.is_enabled === 1,
      attestation: this.#attestationOf(row),
      allocation: allocationOf(row, this.#sealer, this.#webhookNameOf(row.registration_id)),
      ...(isJsonObject(deviceInformation) && { deviceInformation }),
      etag: row.etag,
      createdAt: instant(row.created_at),
      updatedAt: instant(row.updated_at),
    };
  }

  #attestationOf(row: DpsEnrollmentRow): EnrollmentAttestation {
    if (row.sealed_keys !== null) {
      const keys = new SealedKeys(this.#sealer, this.#sealNameOf(row.registration_id), row.sealed_keys);
      return { type: 'symmetricKey', keys };
    }
    return {
      type: 'x509',
      ...(row.primary_thumbprint !== null && { primaryThumbprint: row.primary_thumbprint }),
      ...(row.secondary_thumbprint !== null && { secondaryThumbprint: row.secondary_thumbprint }),
      ...(row.primary_certificate !== null && { primaryCertificate: Buffer.from(row.primary_certificate) }),
      ...(row.secondary_certificate !== null && { secondaryCertificate: Buffer.from(row.secondary_certificate) }),
    };
  }

  #webhookNameOf(registrationId: string): string {
    return `dps-enrollment-webhook:${this.#instance}/${keyOf(registrationId)}`;
  }

  #sealNameOf(registrationId: string): string {
    return `dps-enrollment:${this.#instance}/${keyOf(registrationId)}`;
  }
}

function keyOf(registrationId: string): string {
  return registrationId.toLowerCase();
}
