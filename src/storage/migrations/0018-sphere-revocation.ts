import { bytesType, type Migration } from './migration.ts';

/** Since when devices and CAs are what they are, which CA issued which daily certificate, and the lists of those taken back. */
export const sphereRevocationMigration: Migration = {
  name: '0018-sphere-revocation',
  statements: (kind) => [
    'alter table sphere_device add column status_changed_at bigint',
    `create index sphere_device_barred on sphere_device (device_id) where status <> 'active'`,
    // Null for what was issued before this: such a certificate is on no list and has less than a day to live.
    'alter table sphere_leaf add column serial text',
    'alter table sphere_leaf add column authority_serial text',
    'create index sphere_leaf_by_end on sphere_leaf (device_id, not_after)',
    'alter table sphere_authority add column state_changed_at bigint',
    // One successor at a time.
    `create unique index sphere_authority_pending on sphere_authority (owner, kind) where state = 'pending'`,
    `create table sphere_revocation_list (
      authority_serial text primary key, number bigint not null, der ${bytesType(kind)} not null, entries_sha256 text not null,
      issued_at bigint not null)`,
  ],
};
