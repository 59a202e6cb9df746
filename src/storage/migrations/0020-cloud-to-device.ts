import { bytesType, type Migration } from './migration.ts';

/** Messages to devices until they are completed or given up, and what became of those whose sender asked. */
export const cloudToDeviceMigration: Migration = {
  name: '0020-cloud-to-device',
  statements: (kind) => [
    `create table hub_message (
      hub text not null, identity text not null, sequence bigint not null, device_id text not null, module_id text,
      generation_id text not null, message_id text, correlation_id text, user_id text, content_type text,
      content_encoding text, acknowledgement text, application text not null, body ${bytesType(kind)} not null,
      enqueued_at bigint not null, expires_at bigint not null, is_expiry_asked bigint not null,
      delivery_count bigint not null, lock_token text, locked_until bigint not null,
      primary key (hub, identity, sequence),
      foreign key (hub, device_id) references hub_device (hub, device_id) on delete cascade,
      foreign key (hub, device_id, module_id) references hub_module (hub, device_id, module_id) on delete cascade)`,
    'create index hub_message_device on hub_message (hub, device_id, module_id)',
    'create index hub_message_expiry on hub_message (hub, expires_at)',
    `create table hub_feedback (
      hub text not null, sequence bigint not null, original_message_id text, device_id text not null, module_id text,
      generation_id text not null, status text not null, recorded_at bigint not null, expires_at bigint not null,
      delivery_count bigint not null, lock_token text, locked_until bigint not null,
      primary key (hub, sequence))`,
  ],
};
