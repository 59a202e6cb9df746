import { bytesType, type Migration } from './migration.ts';

/** To which hub an enrollment leads and what happens at the next registration; and the certificates it was made of. */
export const allocationMigration: Migration = {
  name: '0014-allocation',
  statements: (kind) => [
    ...['dps_enrollment', 'dps_enrollment_group'].flatMap((table) => [
      `alter table ${table} add column allocation_policy text`,
      `alter table ${table} add column iot_hubs text`,
      `alter table ${table} add column update_hub_assignment bigint`,
      `alter table ${table} add column migrate_device_data bigint`,
      `alter table ${table} add column initial_tags text`,
      `alter table ${table} add column initial_desired text`,
      `alter table ${table} add column webhook_api_version text`,
      `alter table ${table} add column sealed_webhook ${bytesType(kind)}`,
      `alter table ${table} add column primary_certificate ${bytesType(kind)}`,
      `alter table ${table} add column secondary_certificate ${bytesType(kind)}`,
    ]),
    'alter table dps_enrollment add column device_information text',
    'alter table dps_registration add column first_hub text',
  ],
};
