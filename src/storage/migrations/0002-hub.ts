import type { Migration } from './migration.ts';

export const hubMigration: Migration = {
  name: '0002-hub',
  statements: () => [],
};
