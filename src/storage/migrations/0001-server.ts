import { bytesType, type Migration } from './migration.ts';

export const serverMigration: Migration = {
  name: '0001-server',
  statements: (kind) => [
    'create table fact (name text primary key, value text not null)',
    `create table secret (name text primary key, sealed ${bytesType(kind)} not null, created_at bigint not null)`,
    `create table refusal (
      refusal_id text primary key, service text not null, reason text not null, detail text not null,
      subject text not null, peer text not null, fix text, trace text not null,
      first_at bigint not null, last_at bigint not null, times bigint not null)`,
    'create index refusal_by_time on refusal (last_at)',
  ],
};
