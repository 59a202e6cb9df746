import { bytesType, type Migration } from './migration.ts';

/**
 * What queries look for: tags by value, one row per member of a twin's tags; keys of twins in the order of their bytes,
 * in which queries page; and the status of devices. Twins that were there before get their rows when the hub starts.
 */
export const queriesMigration: Migration = {
  name: '0023-queries',
  statements: (kind) => {
    const bytewise = kind === 'sqlite' ? '' : ' collate "C"';
    return [
      'alter table hub_twin add column is_indexed bigint not null default 0',
      'create index hub_twin_unindexed on hub_twin (hub) where is_indexed = 0',
      `create index hub_twin_device_key on hub_twin (hub, identity${bytewise}) where module_id is null`,
      `create index hub_twin_module_key on hub_twin (hub, identity${bytewise}) where module_id is not null`,
      `create table hub_twin_tag (
        hub text not null, identity text not null, path text not null, value ${bytesType(kind)} not null,
        primary key (hub, identity, path),
        foreign key (hub, identity) references hub_twin (hub, identity) on delete cascade)`,
      `create index hub_twin_tag_value on hub_twin_tag (hub, path, value, identity${bytewise})`,
      'create index hub_device_status on hub_device (hub, is_enabled, hold_reason)',
    ];
  },
};
