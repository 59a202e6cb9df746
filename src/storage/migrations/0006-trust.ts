import { bytesType, type Migration } from './migration.ts';

export const trustMigration: Migration = {
  name: '0006-trust',
  statements: (kind) => [
    `create table authority_certificate (
      owner text not null, certificate_id text not null, sha256 text not null, der ${bytesType(kind)} not null,
      is_verified bigint not null, self_attested bigint not null, verified_at bigint, verified_by text,
      code text, code_expires_at bigint, etag text not null, created_at bigint not null, updated_at bigint not null,
      primary key (owner, certificate_id), unique (owner, sha256))`,
  ],
};
