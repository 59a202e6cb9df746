import type { Qos } from '#wire/mqtt/packet.ts';

/** A message on its way through the broker; its payload is a copy that nobody changes. */
export type BrokerMessage = {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
};

/** What it counts for where bytes are limited: topics may be longer than payloads. */
export function messageBytes({ topic, payload }: BrokerMessage): number {
  return Buffer.byteLength(topic) + payload.length;
}
