import { instant } from '#base/instant.ts';
import type { Message } from './message.ts';

/**
 * Messages on their way to the data thread: one stretch of bytes for a whole batch. An object for each would be
 * cloned by the engine at several times the cost of the rest.
 *
 *     position f64 · next f64 · enqueued f64 · source u8 · device id length u8 · named length u32 ·
 *     body length u32 · device id · what a few messages name, as JSON · body
 */
const headerBytes = 34;

/** Both ends are of one build, so the numbers mean nothing beyond it. */
const sourceNumbers: Record<Message['source'], number> = {
  Telemetry: 0,
  twinChangeEvents: 1,
  deviceLifecycleEvents: 2,
  deviceConnectionStateEvents: 3,
  moduleLifecycleEvents: 4,
  digitalTwinChangeEvents: 5,
  deviceJobLifecycleEvents: 6,
};
const sources = new Map(Object.entries(sourceNumbers).map(([source, number]) => [number, source as Message['source']]));

type Named = Pick<Message, 'creationTime' | 'component' | 'contentType' | 'contentEncoding' | 'operation'>;

/** Packs into `scratch` where the messages fit, otherwise into memory of their own. */
export function packMessages(messages: readonly Message[], scratch?: Uint8Array): Uint8Array {
  const named = messages.map(namedOf);
  let size = 0;
  for (const [index, { deviceId, body }] of messages.entries()) {
    size += headerBytes + Buffer.byteLength(deviceId) + Buffer.byteLength(named[index] ?? '') + body.length;
  }
  const packed = scratch && size <= scratch.length ? scratch.subarray(0, size) : new Uint8Array(size);
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, size);
  let at = 0;
  for (const [index, { position, next, source, deviceId, enqueuedAt, body }] of messages.entries()) {
    bytes.writeDoubleLE(position, at);
    bytes.writeDoubleLE(next, at + 8);
    bytes.writeDoubleLE(enqueuedAt, at + 16);
    bytes[at + 24] = sourceNumbers[source];
    const idBytes = bytes.write(deviceId, at + headerBytes);
    const namedBytes = bytes.write(named[index] ?? '', at + headerBytes + idBytes);
    bytes[at + 25] = idBytes;
    bytes.writeUInt32LE(namedBytes, at + 26);
    bytes.writeUInt32LE(body.length, at + 30);
    at += headerBytes + idBytes + namedBytes;
    bytes.set(body, at);
    at += body.length;
  }
  return packed;
}

/** The bodies are views of `packed`. */
export function unpackMessages(packed: Uint8Array): Message[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const id = at + headerBytes;
    const named = id + (bytes[at + 25] ?? 0);
    const body = named + bytes.readUInt32LE(at + 26);
    const end = body + bytes.readUInt32LE(at + 30);
    messages.push({
      position: bytes.readDoubleLE(at),
      next: bytes.readDoubleLE(at + 8),
      enqueuedAt: instant(bytes.readDoubleLE(at + 16)),
      source: sources.get(bytes[at + 24] ?? 0) ?? 'Telemetry',
      deviceId: bytes.toString('utf8', id, named),
      body: bytes.subarray(body, end),
      // What packMessages wrote.
      ...(body > named && (JSON.parse(bytes.toString('utf8', named, body)) as Named)),
    });
    at = end;
  }
  return messages;
}

/** '' for the many that name nothing. */
function namedOf({ creationTime, component, contentType, contentEncoding, operation }: Message): string {
  if ((creationTime ?? component ?? contentType ?? contentEncoding ?? operation) === undefined) return '';
  return JSON.stringify({ creationTime, component, contentType, contentEncoding, operation } satisfies Named);
}
