import type { Migration } from './migration.ts';

/** What each identity signed in with last: which devices will drop, and when, is worked out from it. */
export const lastCredentialsMigration: Migration = {
  name: '0019-last-credentials',
  statements: () => [
    `create table hub_credential (
      hub text not null, identity text not null, certificates text, ends_at bigint, renewals bigint not null,
      seen_at bigint not null, primary key (hub, identity))`,
  ],
};
