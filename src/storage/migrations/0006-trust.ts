import type { Migration } from './migration.ts';

export const trustMigration: Migration = {
  name: '0006-trust',
  statements: () => [],
};
