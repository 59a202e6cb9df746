import type { Migration } from './migration.ts';

export const centralMigration: Migration = {
  name: '0005-central',
  statements: () => [
    'create table central_app (app_id text primary key, display_name text not null, created_at bigint not null)',
    'create table central_sign_in (code_hash text primary key, expires_at bigint not null)',
    `create table central_session (
      session_hash text primary key, user_id text not null, display_name text not null, role_id text not null,
      created_at bigint not null, last_used_at bigint not null)`,
    `create table central_api_token (
      token_id text primary key, signature_hash text not null, role_id text not null,
      expires_at bigint not null, created_at bigint not null, created_by text not null)`,
    'create table central_group_setting (group_id text primary key, automatically_connect bigint not null)',
    `create table central_template (
      template_id text primary key, model_id text not null, display_name text not null,
      document text not null, etag text not null, created_at bigint not null)`,
    'create unique index central_template_by_model on central_template (model_id)',
    `create table central_device (
      device_id text primary key, folded_id text not null, display_name text not null, template_id text, model_id text,
      is_blocked bigint not null, is_approved bigint not null, is_provisioned bigint not null, is_simulated bigint not null,
      enrollment_group_id text, assurance text, last_seen_at bigint, etag text not null,
      created_at bigint not null, updated_at bigint not null)`,
    'create unique index central_device_by_folded_id on central_device (folded_id)',
    'create index central_device_by_group on central_device (enrollment_group_id)',
    `create table central_command (
      command_id text primary key, device_id text not null, name text not null, request text,
      connection_timeout bigint not null, response_timeout bigint not null, response_code bigint, response text,
      failure_code text, failure_message text, requested_at bigint not null, requested_by text not null)`,
    'create index central_command_by_name on central_command (device_id, name, requested_at)',
  ],
};
