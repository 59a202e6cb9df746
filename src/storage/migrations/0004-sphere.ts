import type { Migration } from './migration.ts';

export const sphereMigration: Migration = {
  name: '0004-sphere',
  statements: () => [],
};
