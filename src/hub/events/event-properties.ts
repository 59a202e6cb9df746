import { formatInstantTicks, type Instant } from '#base/instant.ts';
import type { EventProperties, EventSource } from './event-log.ts';

/** Keys of the bag that are system properties, and the names readers see (hub-device-protocol.md 4.6). */
const systemNames: ReadonlyMap<string, string> = new Map([
  ['$.mid', 'message-id'],
  ['$.cid', 'correlation-id'],
  ['$.uid', 'user-id'],
  ['$.to', 'to'],
  ['$.ct', 'content-type'],
  ['$.ce', 'content-encoding'],
  ['$.exp', 'absolute-expiry-time'],
  ['$.ctime', 'iothub-creation-time-utc'],
  ['$.on', 'iothub-outputname'],
  ['$.sub', 'dt-subject'],
  ['$.ifid', 'iothub-interface-id'],
  ['$.schema', 'iothub-message-schema'],
  ['$.diagid', 'diagnostic-id'],
  ['$.diagctx', 'diagnostic-context'],
  // Sent as an application property by devices without an SDK call for it.
  ['iothub-creation-time-utc', 'iothub-creation-time-utc'],
]);

/** What a device may claim about itself; the hub stamps who it really is. */
const stampedKeys = new Set(['$.cdid', '$.cmid']);

type Stamps = { source: EventSource; deviceId: string; moduleId: string | undefined; enqueuedAt: Instant; bag: string };

/** The bag and the session's properties, decoded, with what the hub stamped on top. */
export function eventProperties(event: Stamps, session: Buffer): EventProperties {
  const system: Record<string, string> = Object.create(null);
  const application: Record<string, string | null> = Object.create(null);
  for (const [key, value] of decodeBag(event.bag)) {
    const name = systemNames.get(key);
    if (name !== undefined) system[name] = value ?? '';
    else if (!stampedKeys.has(key)) application[key] = value;
  }
  if (session.length > 0) Object.assign(system, JSON.parse(session.toString()));
  system['iothub-connection-device-id'] = event.deviceId;
  if (event.moduleId !== undefined) system['iothub-connection-module-id'] = event.moduleId;
  system['iothub-enqueuedtime'] = formatInstantTicks(event.enqueuedAt);
  system['iothub-message-source'] = event.source;
  return { system, application };
}

/** Pairs of a bag in their order, decoded as hub-device-protocol.md 4.6 says; null where there is no `=`. */
function decodeBag(bag: string): [string, string | null][] {
  const pairs: [string, string | null][] = [];
  for (const piece of (bag.endsWith('/') ? bag.slice(0, -1) : bag).split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    pairs.push(at < 0 ? [decodePart(piece), null] : [decodePart(piece.slice(0, at)), decodePart(piece.slice(at + 1))]);
  }
  return pairs;
}

/** `+` is literal, and a malformed % sequence stays as it is. */
function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
