import type { Migration } from './migration.ts';

/** Files that devices upload: what lies in the file store, who may upload at present, and what back ends are told of. */
export const fileUploadsMigration: Migration = {
  name: '0022-file-uploads',
  statements: (kind) => {
    // Names are listed in the order of their characters' numbers on both databases.
    const name = kind === 'sqlite' ? 'text' : 'text collate "C"';
    return [
      // By the digest of the name: PostgreSQL indexes no text as long as a name may be.
      `create table blob (
        container text not null, name_sha256 text not null, name ${name} not null, file text not null,
        bytes bigint not null, content_type text, modified_at bigint not null, primary key (container, name_sha256))`,
      `create table blob_block (
        container text not null, name_sha256 text not null, block_id text not null, file text not null,
        bytes bigint not null, staged_at bigint not null, primary key (container, name_sha256, block_id))`,
      'create index blob_file on blob (file)',
      'create index blob_block_file on blob_block (file)',
      'create index blob_block_staged on blob_block (staged_at)',
      `create table hub_file_upload (
        hub text not null, correlation_id text not null, device_id text not null, blob_name text not null,
        created_at bigint not null, expires_at bigint not null, primary key (hub, correlation_id),
        foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade)`,
      'create index hub_file_upload_device on hub_file_upload (hub, device_id)',
      'create index hub_file_upload_expiry on hub_file_upload (hub, expires_at)',
      `create table hub_file_notification (
        hub text not null, sequence bigint not null, device_id text not null, blob_name text not null,
        blob_uri text not null, blob_bytes bigint not null, modified_at bigint not null, enqueued_at bigint not null,
        expires_at bigint not null, delivery_count bigint not null, lock_token text, locked_until bigint not null,
        primary key (hub, sequence))`,
    ];
  },
};
