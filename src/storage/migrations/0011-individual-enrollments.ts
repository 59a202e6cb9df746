import { bytesType, type Migration } from './migration.ts';

export const individualEnrollmentsMigration: Migration = {
  name: '0011-individual-enrollments',
  statements: (kind) => [
    `create table dps_enrollment (
      instance text not null, registration_key text not null, registration_id text not null, device_id text,
      is_enabled bigint not null, attestation_type text not null, primary_thumbprint text, secondary_thumbprint text,
      sealed_keys ${bytesType(kind)}, etag text not null, created_at bigint not null, updated_at bigint not null,
      primary key (instance, registration_key))`,
  ],
};
