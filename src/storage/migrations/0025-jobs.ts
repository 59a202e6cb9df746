import type { Migration } from './migration.ts';

/** Jobs over many devices, and each device's part of them. */
export const jobsMigration: Migration = {
  name: '0025-jobs',
  statements: () => [
    `create table hub_job (
      hub text not null, job_id text not null, type text not null, work text not null, query_condition text not null,
      status text not null, created_at bigint not null, start_at bigint not null, max_execution_ms bigint not null,
      started_at bigint, ended_at bigint, failure_reason text, cursor text, is_gathered integer not null,
      primary key (hub, job_id))`,
    'create index hub_job_status on hub_job (hub, status, start_at)',
    'create index hub_job_created on hub_job (hub, created_at, job_id)',
    `create table hub_job_target (
      hub text not null, job_id text not null, identity text not null, device_id text not null, status text not null,
      created_at bigint not null, started_at bigint, ended_at bigint, updated_at bigint not null,
      outcome text, error text, primary key (hub, job_id, identity),
      foreign key (hub, job_id) references hub_job (hub, job_id) on delete cascade,
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
    'create index hub_job_target_status on hub_job_target (hub, job_id, status, identity)',
    'create index hub_job_target_device on hub_job_target (hub, device_id)',
  ],
};
