import type { Migration } from './migration.ts';

export const centralMigration: Migration = {
  name: '0005-central',
  statements: () => [],
};
