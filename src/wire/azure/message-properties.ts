import { formatInstantTicks, type Instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { decodePercent, encodePercent } from './percent.ts';

/** Keys of the bag and the system properties they stand for (hub-device-protocol.md 4.6). Everything else is an application property. */
const systemPropertyKeys = {
  '$.mid': 'message-id',
  '$.cid': 'correlation-id',
  '$.uid': 'user-id',
  '$.to': 'to',
  '$.ct': 'content-type',
  '$.ce': 'content-encoding',
  '$.exp': 'absolute-expiry-time',
  '$.ctime': 'iothub-creation-time-utc',
  '$.on': 'iothub-outputname',
  '$.sub': 'dt-subject',
  '$.ifid': 'iothub-interface-id',
  '$.schema': 'iothub-message-schema',
  '$.diagid': 'Diagnostic-Id',
  '$.diagctx': 'Correlation-Context',
  '$.cdid': 'iothub-connection-device-id',
  '$.cmid': 'iothub-connection-module-id',
} as const;

export type SystemPropertyName = (typeof systemPropertyKeys)[keyof typeof systemPropertyKeys];

const nameOfKey: ReadonlyMap<string, SystemPropertyName> = new Map<string, SystemPropertyName>([
  ...(Object.entries(systemPropertyKeys) as [string, SystemPropertyName][]),
  // Sent as an application property by devices whose SDK has no call for it.
  ['iothub-creation-time-utc', 'iothub-creation-time-utc'],
]);
/** Who sent a message is stamped by the hub; what a device claims about that is dropped. */
const stampedNames: ReadonlySet<string> = new Set(['iothub-connection-device-id', 'iothub-connection-module-id']);

/** null where the device sent a name without `=`. Maps, because the names are the device's: `__proto__` is one. */
export type MessageProperties = {
  readonly system: ReadonlyMap<SystemPropertyName, string | null>;
  readonly application: ReadonlyMap<string, string | null>;
};

/** Pairs of a bag in their order, decoded; null where there is no `=`. Total: every text is a bag. */
export function decodeBagPairs(bag: string): [name: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  // Node's module outputs end their topic with a slash that belongs to no value.
  for (const piece of (bag.endsWith('/') ? bag.slice(0, -1) : bag).split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    if (at < 0) pairs.push([decodePercent(piece), null]);
    else pairs.push([decodePercent(piece.slice(0, at)), decodePercent(piece.slice(at + 1))]);
  }
  return pairs;
}

/** Properties of a message from a device. The order of pairs means nothing; of duplicates the last counts. */
export function decodeDeviceBag(bag: string): MessageProperties {
  const properties = decodeBag(bag);
  for (const name of stampedNames) properties.system.delete(name as SystemPropertyName);
  return properties;
}

/** Properties of a message from the hub, which says itself who sent it. */
export function decodeHubBag(bag: string): MessageProperties {
  return decodeBag(bag);
}

function decodeBag(bag: string) {
  const system = new Map<SystemPropertyName, string | null>();
  const application = new Map<string, string | null>();
  for (const [key, value] of decodeBagPairs(bag)) {
    const name = nameOfKey.get(key);
    if (name === undefined) application.set(key, value);
    else system.set(name, value);
  }
  return { system, application };
}

/** What names and values of a bag count against the size of a message: decoded, without separators. Decodes nothing. */
export function propertyBytes(bag: string): number {
  let bytes = Buffer.byteLength(bag);
  for (let at = 0; at < bag.length; at++) {
    const code = bag.charCodeAt(at);
    if (code === 0x26 || code === 0x3d) bytes--;
    else if (code === 0x25 && /^%[0-9A-Fa-f]{2}/.test(bag.slice(at, at + 3))) bytes -= 2;
  }
  return bytes;
}

export type Acknowledgement = 'none' | 'positive' | 'negative' | 'full';

export type CloudToDeviceProperties = {
  readonly messageId?: string | undefined;
  /** `/devices/{id}/messages/deviceBound`. Required: an empty bag makes .NET drop its connection. */
  readonly to: string;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly expiresAt?: Instant | undefined;
  readonly acknowledgement?: Acknowledgement | undefined;
  readonly application?: Iterable<readonly [string, string | null]>;
};

/**
 * The bag of a cloud-to-device message, by the six rules that every device SDK can read
 * (hub-device-protocol.md 4.6, order 4.8): system pairs first, as `%24.…`, RFC 3986 throughout, expiry
 * with seven digits. Throws Problem `argument-invalid` for an application property that a device
 * would misread, so it is called when a message is accepted, not when it is delivered.
 */
export function encodeCloudToDeviceBag(properties: CloudToDeviceProperties): string {
  const { messageId, to, correlationId, userId, contentType, contentEncoding, expiresAt, acknowledgement } = properties;
  const pairs: [string, string | null][] = [];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) pairs.push([key, value]);
  };
  add('$.mid', messageId);
  add('$.to', to);
  add('$.cid', correlationId);
  add('$.uid', userId);
  add('$.ct', contentType);
  add('$.ce', contentEncoding);
  add('$.exp', expiresAt === undefined ? undefined : formatInstantTicks(expiresAt));
  add('iothub-ack', acknowledgement);
  return encodePairs(pairs, properties.application, (name) => nameOfKey.has(name) || name === 'iothub-ack');
}

/** The bag of a telemetry message, as our simulated devices send it: system pairs first, in the table's order. */
export function encodeDeviceBag(properties: {
  readonly system?: { readonly [Name in SystemPropertyName]?: string };
  readonly application?: Iterable<readonly [string, string | null]>;
}): string {
  const pairs: [string, string | null][] = [];
  for (const [key, name] of Object.entries(systemPropertyKeys)) {
    const value = properties.system?.[name];
    if (value !== undefined) pairs.push([key, value]);
  }
  return encodePairs(pairs, properties.application, (name) => nameOfKey.has(name));
}

function encodePairs(
  system: readonly (readonly [string, string | null])[],
  application: Iterable<readonly [string, string | null]> = [],
  isReserved: (name: string) => boolean,
): string {
  const pieces = system.map(encodePair);
  for (const pair of application) {
    const [name] = pair;
    if (name === '') throw new Problem('argument-invalid', 'A property needs a name.');
    if (isReserved(name)) throw new Problem('argument-invalid', `The name ${name} belongs to a system property.`);
    pieces.push(encodePair(pair));
  }
  return pieces.join('&');
}

function encodePair([name, value]: readonly [string, string | null]): string {
  if (!name.isWellFormed() || value?.isWellFormed() === false) {
    throw new Problem('argument-invalid', 'A property is not well-formed Unicode.');
  }
  return value === null ? encodePercent(name) : `${encodePercent(name)}=${encodePercent(value)}`;
}
