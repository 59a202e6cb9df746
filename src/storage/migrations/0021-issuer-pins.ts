import type { Migration } from './migration.ts';

/** Below which CA each CA-signed identity of a hub came in, so that another CA that signs the same name is noticed. */
export const issuerPinsMigration: Migration = {
  name: '0021-issuer-pins',
  statements: () => [
    `create table hub_issuer_pin (
      hub text not null, identity text not null, generation_id text not null, issuer_sha256 text not null,
      pinned_at bigint not null, primary key (hub, identity))`,
  ],
};
