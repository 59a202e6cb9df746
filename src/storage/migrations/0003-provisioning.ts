import type { Migration } from './migration.ts';

export const provisioningMigration: Migration = {
  name: '0003-provisioning',
  statements: () => [],
};
