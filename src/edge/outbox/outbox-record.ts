import type { RecordWriter } from '#storage/segment-log.ts';

/** A message that waits for the hub, under its local topic. */
export type OutboxMessage = {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
};

/** sequence u48 · instant u48 · flags u8 · length of the topic u16 · topic · payload */
const headerBytes = 6 + 6 + 1 + 2;
const qosFlag = 1;
const retainFlag = 2;

/** The checksum is the log's; the sequence says which messages the limit took away, however the log was cut. */
export function outboxRecord(sequence: number, at: number, message: OutboxMessage): RecordWriter {
  const topic = Buffer.from(message.topic);
  return {
    byteLength: headerBytes + topic.length + message.payload.length,
    writeTo(target, offset) {
      target.writeUIntLE(sequence, offset, 6);
      target.writeUIntLE(at, offset + 6, 6);
      target.writeUInt8((message.qos === 1 ? qosFlag : 0) | (message.retain ? retainFlag : 0), offset + 12);
      target.writeUInt16LE(topic.length, offset + 13);
      topic.copy(target, offset + headerBytes);
      message.payload.copy(target, offset + headerBytes + topic.length);
    },
  };
}

/** undefined for what is none: nothing of ours wrote it. */
export function readOutboxRecord(bytes: Buffer): { sequence: number; message: OutboxMessage } | undefined {
  if (bytes.length < headerBytes) return undefined;
  const topicEnd = headerBytes + bytes.readUInt16LE(13);
  if (topicEnd > bytes.length) return undefined;
  const flags = bytes.readUInt8(12);
  const message: OutboxMessage = {
    topic: bytes.toString('utf8', headerBytes, topicEnd),
    payload: bytes.subarray(topicEnd),
    qos: flags & qosFlag ? 1 : 0,
    retain: (flags & retainFlag) !== 0,
  };
  return { sequence: bytes.readUIntLE(0, 6), message };
}

/** What a segment notes at its start: the sequence of its first record. */
export function sequencePreamble(sequence: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntLE(sequence, 0, 6);
  return bytes;
}

export function readSequencePreamble(bytes: Buffer): number | undefined {
  return bytes.length === 6 ? bytes.readUIntLE(0, 6) : undefined;
}
