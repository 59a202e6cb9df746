import { bytesType, type Migration } from './migration.ts';

export const hubKeysMigration: Migration = {
  name: '0008-hub-keys',
  statements: (kind) => [`alter table hub_device add column sealed_keys ${bytesType(kind)}`],
};
