import { bytesType, type Migration } from './migration.ts';

/** Where a hub's events go: routes, destinations, what is added on the way, and what a destination would not take. */
export const routingMigration: Migration = {
  name: '0028-routing',
  statements: (kind) => [
    'create table hub_fallback (hub text not null primary key, is_enabled integer not null)',
    `create table hub_route (
      hub text not null, route text not null, source text not null, condition_text text not null,
      places text not null, is_enabled integer not null, created_at bigint not null, primary key (hub, route))`,
    `create table hub_destination (
      hub text not null, destination text not null, slot integer not null, type text not null, settings text not null,
      sealed_secret ${bytesType(kind)}, log_position bigint not null, created_at bigint not null,
      primary key (hub, destination))`,
    `create table hub_enrichment (
      hub text not null, property text not null, value_text text not null, places text not null,
      created_at bigint not null, primary key (hub, property))`,
    `create table hub_dead_letter (
      hub text not null, destination text not null, log_position bigint not null, device_id text not null,
      reason text not null, failed_at bigint not null, event text not null,
      primary key (hub, destination, log_position))`,
  ],
};
