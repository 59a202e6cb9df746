import { type Instant, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type LogRecord, readPosition, writePosition } from '#storage/segment-block.ts';
import type { RecordWriter } from '#storage/segment-log.ts';
import type { EventProperties, EventSource, NewEvent, StoredEvent } from './event-log.ts';
import { eventProperties } from './event-properties.ts';
import { decodeStamp, noStamp, type RoutingStamp } from './routing-stamp.ts';

/**
 * An event in the log: what the hub stamped at fixed places, then the rest as it came. Properties
 * stay bytes until somebody asks.
 *
 *     version u8 · source u8 · partition u8 · device id length u8 · module id length u8 · flags u8 ·
 *     system length u16 · sequence u64 · enqueued u64 · bag length u32 · body length u32 ·
 *     device id · module id · system · bag · body · routing stamp, where the flags say that there is one
 */
const headerBytes = 32;
const version = 1;
/** In the flags: readers of the partition do not see it, and it is not counted. */
const hiddenFlag = 1;
/** In the flags: behind the body stands where the event goes besides. */
const stampedFlag = 2;
const idBytesMax = 255;
const systemBytesMax = 0xffff;

/** A record holds the index: new ones are added at the end. */
const sources: readonly EventSource[] = [
  'Telemetry',
  'twinChangeEvents',
  'deviceLifecycleEvents',
  'deviceConnectionStateEvents',
  'moduleLifecycleEvents',
  'digitalTwinChangeEvents',
  'deviceJobLifecycleEvents',
];

/** System properties that stay the same for a session, by the names readers see (`dt-dataschema`…). Once per CONNECT. */
export function encodeSystemProperties(properties: Readonly<Record<string, string>>): Buffer {
  const bytes = Buffer.from(JSON.stringify(properties));
  if (bytes.length > systemBytesMax) throw new Problem('payload-too-large', 'The system properties are too large.');
  return bytes;
}

/** Puts one event after another into the open batch of the log without an object of its own for any. */
export class EventWriter implements RecordWriter {
  byteLength = 0;
  #event: NewEvent | undefined;
  #isHidden = false;
  #stamp: Buffer | undefined;
  #partition = 0;
  #sequence = 0;
  #deviceIdBytes = 0;
  #moduleIdBytes = 0;
  #bagBytes = 0;

  /** Takes `event` for the `writeTo` that follows. Throws Problem `payload-too-large` for ids that do not fit. */
  prepare(event: NewEvent, partition: number, sequence: number, isHidden: boolean, stamp: Buffer | undefined): void {
    this.#deviceIdBytes = Buffer.byteLength(event.deviceId);
    this.#moduleIdBytes = event.moduleId === undefined ? 0 : Buffer.byteLength(event.moduleId);
    if (this.#deviceIdBytes > idBytesMax || this.#moduleIdBytes > idBytesMax || event.system.length > systemBytesMax) {
      throw new Problem('payload-too-large', 'The ids or system properties of the event are too large.');
    }
    this.#bagBytes = event.bag === '' ? 0 : Buffer.byteLength(event.bag);
    this.#event = event;
    this.#isHidden = isHidden;
    this.#stamp = stamp;
    this.#partition = partition;
    this.#sequence = sequence;
    this.byteLength =
      headerBytes +
      this.#deviceIdBytes +
      this.#moduleIdBytes +
      event.system.length +
      this.#bagBytes +
      event.body.length +
      (stamp?.length ?? 0);
  }

  writeTo(target: Buffer, offset: number): void {
    const event = this.#event;
    if (!event) throw new Error('No event was prepared.');
    this.#event = undefined;
    target[offset] = version;
    target[offset + 1] = sources.indexOf(event.source);
    target[offset + 2] = this.#partition;
    target[offset + 3] = this.#deviceIdBytes;
    target[offset + 4] = this.#moduleIdBytes;
    target[offset + 5] = (this.#isHidden ? hiddenFlag : 0) | (this.#stamp ? stampedFlag : 0);
    target.writeUInt16LE(event.system.length, offset + 6);
    writePosition(target, this.#sequence, offset + 8);
    writePosition(target, event.enqueuedAt, offset + 16);
    target.writeUInt32LE(this.#bagBytes, offset + 24);
    target.writeUInt32LE(event.body.length, offset + 28);
    let at = offset + headerBytes;
    at += target.write(event.deviceId, at, 'utf8');
    if (event.moduleId !== undefined) at += target.write(event.moduleId, at, 'utf8');
    at += event.system.copy(target, at);
    if (this.#bagBytes > 0) at += target.write(event.bag, at, 'utf8');
    at += event.body.copy(target, at);
    this.#stamp?.copy(target, at);
  }
}

/** Of a record that was read at the start, for the count that goes on after it. */
export function countOf(record: Buffer): { partition: number; sequence: number; enqueuedAt: number; isHidden: boolean } {
  return {
    partition: record.readUInt8(2),
    sequence: readPosition(record, 8),
    enqueuedAt: readPosition(record, 16),
    isHidden: (record.readUInt8(5) & hiddenFlag) !== 0,
  };
}

export function partitionOfRecord({ block, start }: LogRecord): number {
  return block.readUInt8(start + 2);
}

export function isHiddenRecord({ block, start }: LogRecord): boolean {
  return (block.readUInt8(start + 5) & hiddenFlag) !== 0;
}

/** Where the parts of a record lie. One goes from record to record, so that reading many makes no object for any. */
export class EventCursor {
  position = 0;
  sequence = 0;
  enqueuedAt = 0;
  source: EventSource = 'Telemetry';
  block: Buffer = none;
  /** Device id, module id, system properties and bag follow each other without gaps. */
  idsStart = 0;
  moduleStart = 0;
  systemStart = 0;
  bagStart = 0;
  bodyStart = 0;
  bodyEnd = 0;
  /** Behind the body stands the routing stamp, empty for most. */
  end = 0;

  /** Throws Problem `internal` for a record of another version. */
  moveTo({ position, block, start, end }: LogRecord): this {
    if (end - start < headerBytes || block[start] !== version) throw otherVersion(position);
    this.position = position;
    this.block = block;
    this.sequence = readPosition(block, start + 8);
    this.enqueuedAt = readPosition(block, start + 16);
    this.source = sources[block[start + 1] ?? 0] ?? 'Telemetry';
    this.idsStart = start + headerBytes;
    this.moduleStart = this.idsStart + block.readUInt8(start + 3);
    this.systemStart = this.moduleStart + block.readUInt8(start + 4);
    this.bagStart = this.systemStart + block.readUInt16LE(start + 6);
    this.bodyStart = this.bagStart + block.readUInt32LE(start + 24);
    this.bodyEnd = bodyEndOf(block, start, this.bodyStart, end);
    this.end = end;
    return this;
  }
}

const none = Buffer.alloc(0);

function bodyEndOf(block: Buffer, start: number, bodyStart: number, end: number): number {
  const isStamped = (block.readUInt8(start + 5) & stampedFlag) !== 0;
  return isStamped ? bodyStart + block.readUInt32LE(start + 28) : end;
}

function otherVersion(position: number): Problem {
  return new Problem('internal', `The event at ${position} was written by another version.`);
}

/** An event over the bytes that were read; nothing is decoded before it is asked for. */
export class RecordedEvent implements StoredEvent {
  readonly position: number;
  readonly next: number;
  readonly #block: Buffer;
  readonly #start: number;
  readonly #end: number;
  #deviceId: string | undefined;
  #properties: EventProperties | undefined;

  constructor({ position, next, block, start, end }: LogRecord) {
    this.position = position;
    this.next = next;
    this.#block = block;
    this.#start = start;
    this.#end = end;
    if (end - start < headerBytes || block[start] !== version) {
      throw otherVersion(position);
    }
  }

  get source(): EventSource {
    return sources[this.#block[this.#start + 1] ?? 0] ?? 'Telemetry';
  }

  get partition(): number {
    return this.#block.readUInt8(this.#start + 2);
  }

  get sequence(): number {
    return readPosition(this.#block, this.#start + 8);
  }

  get enqueuedAt(): Instant {
    return instant(readPosition(this.#block, this.#start + 16));
  }

  get deviceId(): string {
    this.#deviceId ??= this.#block.toString('utf8', this.#start + headerBytes, this.#moduleStart);
    return this.#deviceId;
  }

  get moduleId(): string | undefined {
    const start = this.#moduleStart;
    const end = this.#systemStart;
    return start === end ? undefined : this.#block.toString('utf8', start, end);
  }

  get bag(): string {
    const start = this.#bagStart;
    const end = this.#bodyStart;
    return start === end ? '' : this.#block.toString('utf8', start, end);
  }

  get body(): Buffer {
    return this.#block.subarray(this.#bodyStart, this.#bodyEnd);
  }

  get stamp(): RoutingStamp {
    const from = this.#bodyEnd;
    return from === this.#end ? noStamp : decodeStamp(this.#block.subarray(from, this.#end));
  }

  properties(): EventProperties {
    this.#properties ??= eventProperties(this, this.#block.subarray(this.#systemStart, this.#bagStart));
    return this.#properties;
  }

  get #moduleStart(): number {
    return this.#start + headerBytes + this.#block.readUInt8(this.#start + 3);
  }

  get #systemStart(): number {
    return this.#moduleStart + this.#block.readUInt8(this.#start + 4);
  }

  get #bagStart(): number {
    return this.#systemStart + this.#block.readUInt16LE(this.#start + 6);
  }

  get #bodyEnd(): number {
    return bodyEndOf(this.#block, this.#start, this.#bodyStart, this.#end);
  }

  get #bodyStart(): number {
    return this.#bagStart + this.#block.readUInt32LE(this.#start + 24);
  }
}
