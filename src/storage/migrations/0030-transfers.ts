import type { Migration } from './migration.ts';

/** Imports and exports of a hub's registry. */
export const transfersMigration: Migration = {
  name: '0030-transfers',
  statements: () => [
    `create table hub_transfer (
      hub text not null, job_id text not null, request text not null, status text not null, created_at bigint not null,
      started_at bigint, ended_at bigint, progress integer not null, lines_done bigint not null, failure_reason text,
      primary key (hub, job_id))`,
    `create table hub_transfer_failure (
      hub text not null, job_id text not null, line bigint not null, failure text not null,
      primary key (hub, job_id, line),
      foreign key (hub, job_id) references hub_transfer (hub, job_id) on delete cascade)`,
  ],
};
