import { bytesType, type Migration } from './migration.ts';

/** Stored sessions and retained messages of the broker door. */
export const brokerMigration: Migration = {
  name: '0015-broker',
  statements: (kind) => [
    `create table broker_session (
      hub text not null, client_id text not null, generation_id text not null, subscriptions text not null,
      primary key (hub, client_id))`,
    `create table broker_message (
      hub text not null, client_id text not null, sequence bigint not null, topic text not null,
      payload ${bytesType(kind)} not null, qos bigint not null, is_retained bigint not null, is_released bigint not null,
      primary key (hub, client_id, sequence))`,
    `create table broker_received (
      hub text not null, client_id text not null, packet_id bigint not null,
      primary key (hub, client_id, packet_id))`,
    `create table broker_retained (
      hub text not null, topic_key text not null, topic text not null, payload ${bytesType(kind)} not null, qos bigint not null,
      primary key (hub, topic_key))`,
  ],
};
