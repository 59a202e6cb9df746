import * as encode from './encode.ts';
import { type AmqpValue, AmqpViolation, Described, ValueReader } from './value.ts';

/** Part 3, 3.2.4: what stands where in the properties section. */
const propertyNames = [
  'messageId',
  'userId',
  'to',
  'subject',
  'replyTo',
  'correlationId',
  'contentType',
  'contentEncoding',
  'absoluteExpiryTime',
  'creationTime',
] as const;
type PropertyName = (typeof propertyNames)[number];

/** A message as it was sent, taken apart. Nothing is copied: buffers lie in the bytes of the message. */
export type AmqpMessage = {
  readonly annotations: ReadonlyMap<AmqpValue, AmqpValue>;
  readonly properties: ReadonlyMap<PropertyName, AmqpValue>;
  /** Encoded as they came, to be echoed with their type; undefined for none. */
  readonly encodedMessageId: Buffer | undefined;
  readonly encodedCorrelationId: Buffer | undefined;
  readonly application: ReadonlyMap<AmqpValue, AmqpValue>;
  /** Data sections in their order. */
  readonly data: readonly Buffer[];
  /** The value of an amqp-value section; undefined where there is none. */
  readonly value: AmqpValue | undefined;
};

const none: ReadonlyMap<AmqpValue, AmqpValue> = new Map();

/** Throws AmqpViolation for what is no message. */
export function decodeMessage(bytes: Buffer): AmqpMessage {
  const reader = new ValueReader(bytes);
  let annotations = none;
  let application = none;
  let value: AmqpValue | undefined;
  const data: Buffer[] = [];
  const properties = new Map<PropertyName, AmqpValue>();
  const encoded: (Buffer | undefined)[] = [];
  while (!reader.isAtEnd) {
    const code = sectionCode(reader);
    if (code === 0x73) {
      reader.readItems().forEach((item, i) => {
        const name = propertyNames[i];
        if (item.value === null || name === undefined) return;
        encoded[i] = item.bytes;
        properties.set(name, item.value);
      });
      continue;
    }
    const section = reader.read();
    if (code === 0x72) annotations = asMap(section);
    else if (code === 0x74) application = asMap(section);
    else if (code === 0x75) data.push(asBinary(section));
    else if (code === 0x76) throw new AmqpViolation('amqp:not-implemented', 'Sequences are not taken as a body.');
    else if (code === 0x77) value = section;
    // Header, delivery annotations and footer say nothing to us.
    else if (code !== 0x70 && code !== 0x71 && code !== 0x78) throw notAMessage();
  }
  return {
    annotations,
    properties,
    encodedMessageId: encoded[0],
    encodedCorrelationId: encoded[5],
    application,
    data,
    value,
  };
}

export type OutgoingMessage = {
  /** By their names, values encoded. */
  readonly annotations?: readonly (readonly [string, Buffer])[];
  /** Encoded values. */
  readonly properties?: { readonly [Name in PropertyName]?: Buffer | undefined };
  readonly application?: readonly (readonly [string, Buffer])[];
  /** One data section; without it there is none. */
  readonly data?: Buffer;
  /** An encoded value as the body, for a message without data: a body is required. */
  readonly value?: Buffer;
};

export function encodeMessage({ annotations, properties, application, data, value }: OutgoingMessage): Buffer {
  const sections: Buffer[] = [];
  if (annotations) {
    sections.push(encode.described(0x72, encode.map(annotations.map(([name, item]) => [encode.symbol(name), item]))));
  }
  if (properties) {
    const items = propertyNames.map((name) => properties[name] ?? encode.nullValue);
    sections.push(encode.described(0x73, encode.list(items)));
  }
  if (application) {
    sections.push(encode.described(0x74, encode.map(application.map(([name, item]) => [encode.string(name), item]))));
  }
  if (data) sections.push(encode.described(0x75, encode.binary(data)));
  else sections.push(encode.described(0x77, value ?? encode.nullValue));
  return Buffer.concat(sections);
}

/** The number behind the constructor of a section; the value comes next. */
function sectionCode(reader: ValueReader): number {
  if (reader.bytes[reader.at] !== 0) throw notAMessage();
  reader.at += 1;
  const descriptor = reader.read();
  const code = typeof descriptor === 'string' ? symbolicSections.get(descriptor) : descriptor;
  if (typeof code !== 'number') throw notAMessage();
  return code;
}

const symbolicSections: ReadonlyMap<string, number> = new Map([
  ['amqp:header:list', 0x70],
  ['amqp:delivery-annotations:map', 0x71],
  ['amqp:message-annotations:map', 0x72],
  ['amqp:properties:list', 0x73],
  ['amqp:application-properties:map', 0x74],
  ['amqp:data:binary', 0x75],
  ['amqp:amqp-sequence:list', 0x76],
  ['amqp:amqp-value:*', 0x77],
  ['amqp:footer:map', 0x78],
]);

function asMap(value: AmqpValue): ReadonlyMap<AmqpValue, AmqpValue> {
  if (value instanceof Map) return value;
  throw notAMessage();
}

function asBinary(value: AmqpValue): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw notAMessage();
}

function notAMessage(): AmqpViolation {
  return new AmqpViolation('amqp:decode-error', 'What was sent is no message.');
}

/** What a value is as text, where a text is wanted; undefined for what has no one form. */
export function textOf(value: AmqpValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value === undefined || value === null || value instanceof Described || Buffer.isBuffer(value)) return undefined;
  return value instanceof Map || Array.isArray(value) ? undefined : String(value);
}
