import { quoteEtag } from '#base/etag.ts';
import { formatInstantTicks, type Instant, instant, parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type Acknowledgement, encodeDeviceBag, type SystemPropertyName } from '#wire/azure/message-properties.ts';
import { type LockedMessage, messageAddress, type NewMessage } from '../cloud-to-device/message.ts';

/** What a message's headers say (hub-device-protocol.md 6.1). Maps, because the names are the sender's. */
export type MessageHeaders = {
  /** By the header's name in lower case. */
  readonly system: ReadonlyMap<string, string>;
  readonly application: ReadonlyMap<string, string>;
};

const systemNames: ReadonlyMap<string, SystemPropertyName> = new Map([
  ['iothub-messageid', 'message-id'],
  ['iothub-correlationid', 'correlation-id'],
  ['iothub-userid', 'user-id'],
  ['iothub-to', 'to'],
  ['iothub-expiry', 'absolute-expiry-time'],
  ['iothub-contenttype', 'content-type'],
  ['iothub-contentencoding', 'content-encoding'],
  ['iothub-creationtimeutc', 'iothub-creation-time-utc'],
  ['iothub-messageschema', 'iothub-message-schema'],
  ['iothub-interface-id', 'iothub-interface-id'],
  ['dt-subject', 'dt-subject'],
]);
const acknowledgementHeader = 'iothub-ack';
const applicationPrefix = 'iothub-app-';
/** Sent as an application property by SDKs that have no call for it (4.6). */
const creationTime = 'iothub-creation-time-utc';

/** Reads headers as they were sent, whose names keep their letters; of equal ones the last counts. */
export function readMessageHeaders(rawHeaders: readonly string[]): MessageHeaders {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i] ?? '', readText(rawHeaders[i + 1] ?? '')]);
  const known = pairs.filter(([name]) => isMessageHeader(name));
  return sortProperties(known);
}

/** The properties of one entry of a batch, named as headers would be. What is no header of a message stays as it is. */
export function sortProperties(pairs: Iterable<readonly [string, string]>): MessageHeaders {
  const system = new Map<string, string>();
  const application = new Map<string, string>();
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    if (systemNames.has(lower) || lower === acknowledgementHeader) system.set(lower, value);
    else if (!lower.startsWith(applicationPrefix)) application.set(name, value);
    else if (lower === applicationPrefix + creationTime) system.set('iothub-creationtimeutc', value);
    else application.set(name.slice(applicationPrefix.length), value);
  }
  return { system, application };
}

/** The bag that MQTT would have brought. Throws Problem `argument-invalid` for a name that is none. */
export function telemetryBagOf({ system, application }: MessageHeaders): string {
  const named: { [Name in SystemPropertyName]?: string } = {};
  for (const [header, value] of system) {
    const name = systemNames.get(header);
    if (name) named[name] = value;
  }
  const acknowledgement = system.get(acknowledgementHeader);
  const others = acknowledgement === undefined ? [] : [[acknowledgementHeader, acknowledgement] as const];
  return encodeDeviceBag({ system: named, application: [...others, ...application] });
}

/** What a back end says of a message to a device (hub-service-protocol.md 4.12). Throws Problem `argument-invalid`. */
export function newMessageOf(
  { system, application }: MessageHeaders,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): NewMessage {
  const expiry = system.get('iothub-expiry');
  const acknowledgement = system.get(acknowledgementHeader);
  return {
    messageId: system.get('iothub-messageid'),
    correlationId: system.get('iothub-correlationid'),
    userId: system.get('iothub-userid'),
    contentType: system.get('iothub-contenttype') ?? headers['content-type'],
    contentEncoding: system.get('iothub-contentencoding') ?? headers['content-encoding'],
    acknowledgement: acknowledgement === undefined ? undefined : parseAcknowledgement(acknowledgement),
    expiresAt: expiry === undefined ? undefined : parseExpiry(expiry),
    application: [...application],
    body,
  };
}

/** The headers with which a device fetches a message (6.2), in lower case: one SDK looks for them so. */
export function formatMessageHeaders(message: LockedMessage): Record<string, string> {
  const { messageId, correlationId, userId, contentType, contentEncoding, acknowledgement } = message;
  const pairs: [string, string | undefined][] = [
    ['iothub-messageid', messageId],
    ['iothub-sequencenumber', String(message.sequence)],
    ['iothub-to', messageAddress(message)],
    ['iothub-expiry', message.isExpiryAsked ? formatInstantTicks(message.expiresAt) : undefined],
    ['iothub-correlationid', correlationId],
    ['iothub-userid', userId],
    ['iothub-ack', acknowledgement],
    ['iothub-enqueuedtime', formatInstantTicks(message.enqueuedAt)],
    ['iothub-deliverycount', String(message.deliveryCount)],
    ['iothub-contenttype', contentType],
    ['iothub-contentencoding', contentEncoding],
    ...message.application.map(([name, value]) => [applicationPrefix + name.toLowerCase(), value] as [string, string]),
  ];
  const headers: Record<string, string> = { etag: quoteEtag(message.lockToken) };
  // A response header with an empty value breaks a client's parser (1), and says no more than a missing one.
  for (const [name, value] of pairs) if (value) headers[name] = writeText(value);
  return headers;
}

export function parseAcknowledgement(text: string): Acknowledgement {
  const wanted = text.toLowerCase();
  const known = (['none', 'positive', 'negative', 'full'] as const).find((one) => one === wanted);
  if (known) return known;
  throw new Problem('argument-invalid', 'An acknowledgement is none, positive, negative or full.');
}

/** ISO 8601, or milliseconds since 1970, which Node sends where an application sets a number. */
function parseExpiry(text: string): Instant {
  const at = /^\d{1,15}$/.test(text) ? instant(Number(text)) : parseInstant(text);
  if (at !== undefined) return at;
  throw new Problem('argument-invalid', 'An expiry is a time in ISO 8601.', { reason: 'message-expiry' });
}

function isMessageHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return systemNames.has(lower) || lower === acknowledgementHeader || lower.startsWith(applicationPrefix);
}

/** Node reads headers byte by byte; clients write UTF-8. */
function readText(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const decoded = bytes.toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}

function writeText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
