import type { Migration } from './migration.ts';

/** Configurations of many devices, and which of them each device is under. */
export const configurationsMigration: Migration = {
  name: '0026-configurations',
  statements: () => [
    `create table hub_configuration (
      hub text not null, configuration_id text not null, kind text not null, content text not null,
      target_condition text not null, priority bigint not null, labels text, metric_queries text not null,
      metric_results text not null, system_results text not null, etag text not null,
      created_at bigint not null, updated_at bigint not null, is_swept integer not null,
      primary key (hub, configuration_id))`,
    // Without a foreign key to the configuration: the rows of one that was deleted say which devices to look at again.
    `create table hub_configuration_target (
      hub text not null, identity text not null, configuration_id text not null, device_id text not null,
      is_applied integer not null, primary key (hub, identity, configuration_id),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
    'create index hub_configuration_target_configuration on hub_configuration_target (hub, configuration_id, is_applied)',
    'create index hub_configuration_target_device on hub_configuration_target (hub, device_id)',
  ],
};
