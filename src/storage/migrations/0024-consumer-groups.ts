import type { Migration } from './migration.ts';

/** Who reads the events of a hub apart from others. Positions are the readers' own. */
export const consumerGroupsMigration: Migration = {
  name: '0024-consumer-groups',
  statements: () => [
    `create table hub_consumer_group (
      hub text not null, name text not null, created_at bigint not null, primary key (hub, name))`,
  ],
};
