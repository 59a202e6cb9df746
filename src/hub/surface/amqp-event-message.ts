import { binary, described, list, map, nullValue, string, symbol, timestamp } from '#wire/amqp/encode.ts';
import type { MessageWriter } from '#wire/amqp/link-transfers.ts';
import { decodeDeviceBag, type SystemPropertyName } from '#wire/azure/message-properties.ts';
import type { EventSource } from '../events/event-log.ts';
import type { EventCursor } from '../events/event-record.ts';
import { additionsAt, decodeStamp, eventsPlace } from '../events/routing-stamp.ts';

/** What an event has in common with others of its sender that carry the same properties. */
type Template = {
  /** What it was made of: ids, system properties and bag, side by side, and where each of them ends. */
  readonly origin: Buffer;
  readonly ends: readonly [number, number, number];
  /** What routing added to it, as it lies in the log. */
  readonly stamp: Buffer;
  readonly source: EventSource;
  /** Pairs of the message annotations. */
  readonly annotations: Buffer;
  readonly annotationCount: number;
  /** The properties and the application properties. */
  readonly sections: Buffer;
};

/** Templates that are kept, each in the place that its device's id gives it. Whoever shares a place has its own made again. */
const templatesMax = 8_192;

const sequenceName = symbol('x-opt-sequence-number');
const enqueuedName = symbol('x-opt-enqueued-time');
const hubEnqueuedName = symbol('iothub-enqueuedtime');
const offsetName = symbol('x-opt-offset');
const annotationsHead = Buffer.from([0x00, 0x53, 0x72, 0xd1]);
const dataHead = Buffer.from([0x00, 0x53, 0x75, 0xb0]);

/** Everything before the digits of the offset, with gaps for what differs from event to event. */
const head = Buffer.concat([
  annotationsHead,
  Buffer.alloc(8),
  sequenceName,
  Buffer.from([0x81]),
  Buffer.alloc(8),
  enqueuedName,
  Buffer.from([0x83]),
  Buffer.alloc(8),
  hubEnqueuedName,
  Buffer.from([0x83]),
  Buffer.alloc(8),
  offsetName,
  Buffer.from([0xa1, 0]),
]);
const sequenceAt = annotationsHead.length + 8 + sequenceName.length + 1;
const enqueuedAt = sequenceAt + 8 + enqueuedName.length + 1;
const hubEnqueuedAt = enqueuedAt + 8 + hubEnqueuedName.length + 1;
const variedCount = 4;

/**
 * Events as messages of the Event-Hubs-compatible endpoint (hub-service-protocol.md 9.4): from the bytes of the log to those
 * of the message, without a value in between. What a sender's events have in common is encoded once.
 */
export class EventMessages implements MessageWriter {
  byteLength = 0;
  readonly #templates: (Template | undefined)[] = new Array(templatesMax).fill(undefined);
  #event: EventCursor | undefined;
  #template: Template | undefined;
  #delivery: Buffer = Buffer.alloc(0);
  #offset = '';

  /** Takes the event at `cursor` for the `writeTo` that follows. `delivery` are delivery annotations, encoded. */
  prepare(cursor: EventCursor, delivery: Buffer): this {
    this.#event = cursor;
    this.#delivery = delivery;
    const template = this.#templateOf(cursor);
    this.#template = template;
    this.#offset = String(cursor.position);
    const { annotations, sections } = template;
    this.byteLength =
      delivery.length +
      head.length +
      this.#offset.length +
      annotations.length +
      sections.length +
      dataHead.length +
      4 +
      (cursor.bodyEnd - cursor.bodyStart);
    return this;
  }

  writeTo(target: Buffer, offset: number): void {
    const event = this.#event;
    const template = this.#template;
    if (!event || !template) throw new Error('No event was prepared.');
    const { annotations, annotationCount, sections } = template;
    let at = offset + this.#delivery.copy(target, offset);
    head.copy(target, at);
    const mapBytes = 4 + head.length - annotationsHead.length - 8 + this.#offset.length + annotations.length;
    target.writeUInt32BE(mapBytes, at + annotationsHead.length);
    target.writeUInt32BE(2 * (variedCount + annotationCount), at + annotationsHead.length + 4);
    // The log counts from 1, readers from 0.
    writeLong(target, event.sequence - 1, at + sequenceAt);
    writeLong(target, event.enqueuedAt, at + enqueuedAt);
    writeLong(target, event.enqueuedAt, at + hubEnqueuedAt);
    at += head.length;
    target[at - 1] = this.#offset.length;
    at += target.write(this.#offset, at, 'latin1');
    at += annotations.copy(target, at);
    at += sections.copy(target, at);
    at += dataHead.copy(target, at);
    at = target.writeUInt32BE(event.bodyEnd - event.bodyStart, at);
    event.block.copy(target, at, event.bodyStart, event.bodyEnd);
  }

  #templateOf(event: EventCursor): Template {
    const place = placeOf(event);
    const present = this.#templates[place];
    if (present && isMadeOf(present, event)) return present;
    const template = makeTemplate(event);
    this.#templates[place] = template;
    return template;
  }
}

/** By the bytes of the device's id. */
function placeOf({ block, idsStart, moduleStart }: EventCursor): number {
  let hash = 0x811c9dc5;
  for (let at = idsStart; at < moduleStart; at++) hash = Math.imul(hash ^ (block[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (templatesMax - 1);
}

/** Byte for byte: nothing that one device chose may be taken for another's. */
function isMadeOf({ origin, ends, stamp, source }: Template, event: EventCursor): boolean {
  const { block, idsStart, bodyStart, bodyEnd, end } = event;
  if (stamp.length !== end - bodyEnd || stamp.compare(block, bodyEnd, end) !== 0) return false;
  if (ends[0] !== event.moduleStart - idsStart || ends[1] !== event.systemStart - idsStart) return false;
  if (ends[2] !== event.bagStart - idsStart || origin.length !== bodyStart - idsStart || source !== event.source) return false;
  return origin.compare(block, idsStart, bodyStart) === 0;
}

/** Whole numbers below 2^53, and not below 0. */
function writeLong(target: Buffer, value: number, at: number): void {
  target.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  target.writeUInt32BE(value % 0x1_0000_0000, at + 4);
}

/** What the hub or the device said beside the body, and where a reader finds it: these are annotations under their own names. */
const annotationNames: ReadonlySet<string> = new Set([
  'iothub-connection-auth-method',
  'iothub-connection-auth-generation-id',
  'iothub-interface-id',
  'iothub-outputname',
  'dt-dataschema',
  'dt-subject',
  'Diagnostic-Id',
  'Correlation-Context',
]);
/** And these are properties that the application reads, although the device sends them as the system's. */
const applicationNames: ReadonlySet<string> = new Set(['iothub-creation-time-utc', 'iothub-message-schema']);

function makeTemplate(event: EventCursor): Template {
  const { block, idsStart, moduleStart, systemStart, bagStart, bodyStart, bodyEnd, end, source } = event;
  const deviceId = block.toString('utf8', idsStart, moduleStart);
  const moduleId = moduleStart === systemStart ? undefined : block.toString('utf8', moduleStart, systemStart);
  const { system, application } = decodeDeviceBag(block.toString('utf8', bagStart, bodyStart));
  const stamped: Record<string, string> =
    systemStart === bagStart ? {} : JSON.parse(block.toString('utf8', systemStart, bagStart));
  const said = new Map<string, string | null>([...system, ...Object.entries(stamped)]);

  const annotations: [string, string][] = [
    ['iothub-connection-device-id', deviceId],
    ...(moduleId === undefined ? [] : [['iothub-connection-module-id', moduleId] as [string, string]]),
    ['iothub-message-source', source],
    ['x-opt-partition-key', deviceId],
  ];
  const stamp = Buffer.from(block.subarray(bodyEnd, end));
  // What is added stands in the place of what the sender called so.
  const added = new Map([...application, ...additionsAt(decodeStamp(stamp), eventsPlace)]);
  const properties: [string, Buffer][] = [...added].map(([name, value]) => [name, string(value ?? '')]);
  for (const [name, value] of said) {
    if (annotationNames.has(name)) annotations.push([name, value ?? '']);
    else if (applicationNames.has(name)) properties.push([name, string(value ?? '')]);
  }
  const text = (name: SystemPropertyName, encode: (value: string) => Buffer): Buffer => {
    const value = said.get(name);
    return value === undefined || value === null ? nullValue : encode(value);
  };
  const module = moduleId === undefined ? '' : `/modules/${moduleId}`;
  const standard = [
    text('message-id', string),
    text('user-id', (value) => binary(Buffer.from(value))),
    string(`/devices/${deviceId}${module}/messages/events`),
    nullValue,
    nullValue,
    text('correlation-id', string),
    text('content-type', symbol),
    text('content-encoding', symbol),
    text('absolute-expiry-time', instantOf),
  ];
  return {
    origin: Buffer.from(block.subarray(idsStart, bodyStart)),
    ends: [moduleStart - idsStart, systemStart - idsStart, bagStart - idsStart],
    stamp,
    source,
    annotations: Buffer.concat(annotations.flatMap(([name, value]) => [symbol(name), string(value)])),
    annotationCount: annotations.length,
    sections: Buffer.concat([
      described(0x73, list(standard)),
      described(0x74, map(properties.map(([name, value]) => [string(name), value]))),
    ]),
  };
}

function instantOf(text: string): Buffer {
  const at = Date.parse(text);
  return Number.isNaN(at) ? nullValue : timestamp(at);
}
