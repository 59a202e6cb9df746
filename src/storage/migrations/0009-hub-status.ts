import type { Migration } from './migration.ts';

/** Why and since when a device is enabled or disabled. */
export const hubStatusMigration: Migration = {
  name: '0009-hub-status',
  statements: () => [
    'alter table hub_device add column status_reason text',
    'alter table hub_device add column status_updated_at bigint',
  ],
};
