import type { Migration } from './migration.ts';

/** The hubs that people add beside `main`. */
export const hubsMigration: Migration = {
  name: '0012-hubs',
  statements: () => ['create table hub_instance (name text not null, created_at bigint not null, primary key (name))'],
};
