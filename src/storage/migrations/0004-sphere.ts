import { bytesType, identity, type Migration } from './migration.ts';

export const sphereMigration: Migration = {
  name: '0004-sphere',
  statements: (kind) => [
    `create table sphere_tenant (
      tenant_id text primary key, name text not null, is_demo bigint not null, created_at bigint not null)`,
    `create table sphere_authority (
      serial text primary key, kind text not null, owner text not null, state text not null, der ${bytesType(kind)} not null,
      thumbprint text not null, not_before bigint not null, not_after bigint not null, key_file text not null,
      created_at bigint not null)`,
    // Exactly one active CA per owner and kind, whatever two processes do at once.
    `create unique index sphere_authority_active on sphere_authority (owner, kind) where state = 'active'`,
    `create table sphere_device (
      device_id text primary key, tenant_id text not null references sphere_tenant (tenant_id), claim_epoch bigint not null,
      claim_method text not null, claimed_at bigint not null, chip_sku text not null, status text not null, boot_count bigint,
      boot_seed text, os_version text, assurance text, attested_at bigint, leaf_not_after bigint, revision bigint not null)`,
    'create index sphere_device_by_tenant on sphere_device (tenant_id, device_id)',
    `create table sphere_claim_code (
      code_hash text primary key, tenant_id text not null references sphere_tenant (tenant_id), created_by text not null,
      created_at bigint not null, expires_at bigint not null, used_by text)`,
    'create index sphere_claim_code_by_expiry on sphere_claim_code (expires_at)',
    'create table sphere_nonce (nonce text primary key, expires_at bigint not null)',
    'create index sphere_nonce_by_expiry on sphere_nonce (expires_at)',
    `create table sphere_leaf (
      device_id text not null, spki_sha256 text not null, certificate_sha256 text not null, issued_at bigint not null,
      not_after bigint not null, primary key (device_id, spki_sha256))`,
    `create table sphere_reference_value (
      component_id text not null, digest text not null, alg text not null, type text not null, version text not null,
      svn bigint not null, signer text not null, state text not null, allowed_until bigint, primary key (component_id, digest))`,
    `create table sphere_policy (
      tenant_id text primary key references sphere_tenant (tenant_id), document text not null, version text not null,
      changed_at bigint not null)`,
    `create table sphere_audit (
      sequence ${identity(kind)}, at bigint not null, type text not null, tenant_id text, subject text, reason text,
      certificate_sha256 text, policy_version text, actor text not null)`,
    `create table sphere_token (
      token_hash text primary key, user_id text not null, display_name text not null, created_at bigint not null,
      expires_at bigint not null)`,
    'create table sphere_clock_mark (name text primary key, at bigint not null)',
  ],
};
