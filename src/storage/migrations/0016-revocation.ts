import { bytesType, type Migration } from './migration.ts';

/** Revocation lists, where they are fetched, and devices that lost the enrollment by which they came. */
export const revocationMigration: Migration = {
  name: '0016-revocation',
  statements: (kind) => [
    `create table revocation_list (
      list_key text not null primary key, der ${bytesType(kind)} not null, signer_der ${bytesType(kind)} not null,
      added_by text not null, added_at bigint not null)`,
    `create table revocation_source (
      ca_sha256 text not null primary key, url text not null, added_by text not null, added_at bigint not null,
      asked_at bigint, failure text)`,
    'alter table hub_device add column hold_reason text',
  ],
};
