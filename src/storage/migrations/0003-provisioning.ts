import type { Migration } from './migration.ts';

export const provisioningMigration: Migration = {
  name: '0003-provisioning',
  statements: () => [
    'create table dps_instance (instance text primary key, id_scope text not null unique, created_at bigint not null)',
    `create table dps_enrollment_group (
      instance text not null, group_key text not null, group_id text not null, display_name text not null, type text not null,
      is_enabled bigint not null, attestation_type text not null, primary_certificate_id text, secondary_certificate_id text,
      etag text not null, created_at bigint not null, updated_at bigint not null, primary key (instance, group_key))`,
    `create table dps_registration (
      instance text not null, registration_key text not null, registration_id text not null, group_id text not null,
      status text not null, substatus text, assigned_hub text, device_id text, error_code bigint, error_message text,
      payload text, leaf_sha256 text not null, anchor_sha256 text not null, etag text not null,
      created_at bigint not null, updated_at bigint not null, primary key (instance, registration_key))`,
    'create index dps_registration_by_group on dps_registration (instance, group_id)',
    `create table dps_operation (
      operation_id text primary key, instance text not null, registration_key text not null, registration_id text not null,
      payload text, is_done bigint not null, created_at bigint not null)`,
    'create index dps_operation_by_registration on dps_operation (instance, registration_key, is_done)',
  ],
};
