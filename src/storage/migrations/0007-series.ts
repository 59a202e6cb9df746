import { bytesType, type Migration } from './migration.ts';

export const seriesMigration: Migration = {
  name: '0007-series',
  statements: (kind) => [
    'create table central_ingest (name text primary key, position bigint not null)',
    `create table central_series (
      series_id bigint primary key, device_id text not null, name text not null, unique (device_id, name))`,
    `create table central_chunk (
      series_id bigint not null, start_at bigint not null, position bigint not null, end_at bigint not null,
      count bigint not null, minimum double precision not null, maximum double precision not null,
      total double precision not null, points ${bytesType(kind)} not null,
      primary key (series_id, start_at, position))`,
    'create index central_chunk_by_end on central_chunk (end_at)',
    `create table central_late_point (
      series_id bigint not null, at bigint not null, position bigint not null, value double precision not null,
      primary key (series_id, at, position))`,
    'create index central_late_point_by_time on central_late_point (at)',
    `create table central_message_index (
      device_id text not null, first_position bigint not null, last_position bigint not null, count bigint not null,
      positions ${bytesType(kind)} not null, primary key (device_id, first_position))`,
    'create index central_message_index_by_end on central_message_index (last_position)',
    `create table central_last_value (
      device_id text not null, name text not null, at bigint not null, position bigint not null,
      value text not null, coerced bigint not null, primary key (device_id, name))`,
  ],
};
