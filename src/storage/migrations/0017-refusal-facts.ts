import type { Migration } from './migration.ts';

/**
 * What explains a refusal beside its trace, an id that can be typed, and what thumbprints used to be: the
 * question after *why* is what it was nearly right about.
 */
export const refusalFactsMigration: Migration = {
  name: '0017-refusal-facts',
  statements: () => [
    'alter table refusal add column short_id text',
    'alter table refusal add column chain text',
    'alter table refusal add column nearest text',
    'alter table refusal add column evaluated_at bigint',
    'alter table refusal add column clock_moved_ms bigint',
    'create index refusal_by_short_id on refusal (short_id)',
    'alter table hub_device add column past_thumbprints text',
    'alter table dps_enrollment add column past_thumbprints text',
    'create index hub_device_by_folded_id on hub_device (hub, lower(device_id))',
  ],
};
