import type { Migration } from './migration.ts';

/** Which devices are edge devices, and below which of them a device stands: the scope of its parent. */
export const edgeScopesMigration: Migration = {
  name: '0027-edge-scopes',
  statements: () => [
    'alter table hub_device add column is_edge integer not null default 0',
    'alter table hub_device add column parent_scope text',
    // Children are looked up when their parent goes.
    'create index hub_device_parent on hub_device (hub, parent_scope)',
  ],
};
