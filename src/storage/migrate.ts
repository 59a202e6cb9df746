import { type Kysely, sql } from 'kysely';
import { sha256Hex } from '#base/bytes.ts';
import type { DatabaseKind } from './database.ts';
import { serverMigration } from './migrations/0001-server.ts';
import { hubMigration } from './migrations/0002-hub.ts';
import { provisioningMigration } from './migrations/0003-provisioning.ts';
import { sphereMigration } from './migrations/0004-sphere.ts';
import { centralMigration } from './migrations/0005-central.ts';
import { trustMigration } from './migrations/0006-trust.ts';
import { seriesMigration } from './migrations/0007-series.ts';
import { hubKeysMigration } from './migrations/0008-hub-keys.ts';
import { hubStatusMigration } from './migrations/0009-hub-status.ts';
import { enrollmentKeysMigration } from './migrations/0010-enrollment-keys.ts';
import { individualEnrollmentsMigration } from './migrations/0011-individual-enrollments.ts';
import { hubsMigration } from './migrations/0012-hubs.ts';
import { modulesMigration } from './migrations/0013-modules.ts';
import { allocationMigration } from './migrations/0014-allocation.ts';
import { brokerMigration } from './migrations/0015-broker.ts';
import { revocationMigration } from './migrations/0016-revocation.ts';
import { refusalFactsMigration } from './migrations/0017-refusal-facts.ts';
import { sphereRevocationMigration } from './migrations/0018-sphere-revocation.ts';
import { lastCredentialsMigration } from './migrations/0019-last-credentials.ts';
import { cloudToDeviceMigration } from './migrations/0020-cloud-to-device.ts';
import { issuerPinsMigration } from './migrations/0021-issuer-pins.ts';
import { fileUploadsMigration } from './migrations/0022-file-uploads.ts';
import { queriesMigration } from './migrations/0023-queries.ts';
import { consumerGroupsMigration } from './migrations/0024-consumer-groups.ts';
import { jobsMigration } from './migrations/0025-jobs.ts';
import { configurationsMigration } from './migrations/0026-configurations.ts';
import { edgeScopesMigration } from './migrations/0027-edge-scopes.ts';
import { routingMigration } from './migrations/0028-routing.ts';
import { auditMigration } from './migrations/0029-audit.ts';
import { transfersMigration } from './migrations/0030-transfers.ts';
import type { Migration } from './migrations/migration.ts';

/** In order, forward only. A released migration is never edited: a change is a new one. */
export const migrations: readonly Migration[] = [
  serverMigration,
  hubMigration,
  provisioningMigration,
  sphereMigration,
  centralMigration,
  trustMigration,
  seriesMigration,
  hubKeysMigration,
  hubStatusMigration,
  enrollmentKeysMigration,
  individualEnrollmentsMigration,
  hubsMigration,
  modulesMigration,
  allocationMigration,
  brokerMigration,
  revocationMigration,
  refusalFactsMigration,
  sphereRevocationMigration,
  lastCredentialsMigration,
  cloudToDeviceMigration,
  issuerPinsMigration,
  fileUploadsMigration,
  queriesMigration,
  consumerGroupsMigration,
  jobsMigration,
  configurationsMigration,
  edgeScopesMigration,
  routingMigration,
  auditMigration,
  transfersMigration,
];

/**
 * Applies what is missing, each migration in its own transaction. Throws when the database holds a
 * migration that this version does not know, or one whose statements have changed since.
 */
// biome-ignore lint/suspicious/noExplicitAny: migrations run against schemas of the past, which have no type any more
export async function migrate(database: Kysely<any>, kind: DatabaseKind): Promise<void> {
  await sql`create table if not exists migration (name text primary key, digest text not null, applied_at bigint not null)`.execute(
    database,
  );
  const applied = await sql<{ name: string; digest: string }>`select name, digest from migration order by name`.execute(database);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { name, digest } of applied.rows) {
    const migration = known.get(name);
    if (!migration) throw new Error(`The database was made by a newer version: it has migration ${name}.`);
    if (digest !== digestOf(migration, kind)) throw new Error(`Migration ${name} has changed since it was applied.`);
  }
  const done = new Set(applied.rows.map((row) => row.name));
  for (const migration of migrations) {
    if (!done.has(migration.name)) await apply(database, migration, kind);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as above
async function apply(database: Kysely<any>, migration: Migration, kind: DatabaseKind): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    for (const statement of migration.statements(kind)) await sql.raw(statement).execute(transaction);
    await sql`insert into migration (name, digest, applied_at) values (${migration.name}, ${digestOf(migration, kind)}, 0)`.execute(
      transaction,
    );
  });
}

function digestOf(migration: Migration, kind: DatabaseKind): string {
  return sha256Hex(migration.statements(kind).join(';\n'));
}
