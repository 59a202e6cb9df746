import { bytesType, type Migration } from './migration.ts';

/**
 * Module identities. Twins and stored sessions belong to an identity, which is a device or one of its
 * modules, so their tables are made anew: no database changes a primary key in the same words.
 */
export const modulesMigration: Migration = {
  name: '0013-modules',
  statements: (kind) => [
    `create table hub_module (
      hub text not null, device_id text not null, module_id text not null, generation_id text not null, etag text not null,
      managed_by text, authentication_type text not null, primary_thumbprint text, secondary_thumbprint text,
      sealed_keys ${bytesType(kind)}, created_at bigint not null, updated_at bigint not null,
      primary key (hub, device_id, module_id),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
    `create table hub_identity_twin (
      hub text not null, identity text not null, device_id text not null, module_id text,
      revision bigint not null, service_revision bigint not null, model_id text not null, tags text not null,
      desired text not null, desired_version bigint not null, desired_metadata text not null,
      reported text not null, reported_version bigint not null, reported_metadata text not null,
      primary key (hub, identity),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade,
      foreign key (hub, device_id, module_id) references hub_module (hub, device_id, module_id) on delete cascade)`,
    `insert into hub_identity_twin
      select hub, device_id, device_id, null, revision, service_revision, model_id, tags, desired, desired_version,
        desired_metadata, reported, reported_version, reported_metadata from hub_twin`,
    'drop table hub_twin',
    'alter table hub_identity_twin rename to hub_twin',
    `create table hub_identity_session (
      hub text not null, identity text not null, device_id text not null, module_id text, subscriptions text not null,
      primary key (hub, identity),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade,
      foreign key (hub, device_id, module_id) references hub_module (hub, device_id, module_id) on delete cascade)`,
    'insert into hub_identity_session select hub, device_id, device_id, null, subscriptions from hub_session',
    'drop table hub_session',
    'alter table hub_identity_session rename to hub_session',
    // A cascade from the parent looks for its rows by these.
    'create index hub_twin_device on hub_twin (hub, device_id, module_id)',
    'create index hub_session_device on hub_session (hub, device_id, module_id)',
  ],
};
