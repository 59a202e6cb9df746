import { identity, type Migration } from './migration.ts';

/** Who changed what, and when. */
export const auditMigration: Migration = {
  name: '0029-audit',
  statements: (kind) => [
    `create table audit_entry (
      sequence ${identity(kind)}, at bigint not null, service text not null, hub text, actor text not null,
      credential text not null, peer text not null, action text not null, target text not null, detail text not null,
      status integer not null, tracking_id text not null)`,
    'create index audit_entry_at on audit_entry (at)',
    'create index audit_entry_actor on audit_entry (actor, sequence)',
    'create index audit_entry_target on audit_entry (target, sequence)',
  ],
};
