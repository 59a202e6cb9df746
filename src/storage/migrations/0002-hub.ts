import type { Migration } from './migration.ts';

export const hubMigration: Migration = {
  name: '0002-hub',
  statements: () => [
    `create table hub_device (
      hub text not null, device_id text not null, generation_id text not null, etag text not null,
      is_enabled bigint not null, authentication_type text not null,
      primary_thumbprint text, secondary_thumbprint text,
      created_at bigint not null, updated_at bigint not null,
      primary key (hub, device_id))`,
    `create table hub_twin (
      hub text not null, device_id text not null, revision bigint not null, service_revision bigint not null,
      model_id text not null, tags text not null,
      desired text not null, desired_version bigint not null, desired_metadata text not null,
      reported text not null, reported_version bigint not null, reported_metadata text not null,
      primary key (hub, device_id),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
    `create table hub_presence (
      hub text not null, device_id text not null, is_connected bigint not null, sequence bigint not null,
      changed_at bigint not null, cause text,
      primary key (hub, device_id))`,
    `create table hub_session (
      hub text not null, device_id text not null, subscriptions text not null,
      primary key (hub, device_id),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
  ],
};
