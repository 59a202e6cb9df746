import { bytesType, type Migration } from './migration.ts';

export const enrollmentKeysMigration: Migration = {
  name: '0010-enrollment-keys',
  statements: (kind) => [`alter table dps_enrollment_group add column sealed_keys ${bytesType(kind)}`],
};
