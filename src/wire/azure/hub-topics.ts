import { assert } from '#base/assert.ts';
import { Problem } from '#base/problem.ts';
import { formatTopicQuery, parseTopicQuery } from './topic-query.ts';

/** A topic on which a device publishes to its hub (hub-device-protocol.md 4.5). */
export type DeviceTopic =
  | { readonly kind: 'telemetry'; readonly deviceId: string; readonly moduleId?: string; readonly bag: string }
  | { readonly kind: 'method-response'; readonly status: number; readonly requestId: string }
  | { readonly kind: 'twin-get'; readonly requestId: string }
  /** `version` is the reported version that the device expects; NaN, which equals none, when it is no number. */
  | { readonly kind: 'twin-patch-reported'; readonly requestId: string; readonly version?: number }
  /** Legal to send, answered by nothing: a method result whose status is no integer is dropped (4.9). */
  | { readonly kind: 'ignored' };

/** A topic on which a hub publishes to a device. */
export type HubTopic =
  | { readonly kind: 'cloud-to-device'; readonly deviceId: string; readonly moduleId?: string; readonly bag: string }
  | { readonly kind: 'input'; readonly deviceId: string; readonly moduleId: string; readonly input: string; readonly bag: string }
  | { readonly kind: 'method'; readonly name: string; readonly requestId: string }
  | { readonly kind: 'twin-response'; readonly status: number; readonly requestId: string; readonly version?: number }
  | { readonly kind: 'desired'; readonly version: number };

/** The filters that stand for a service; those for messages carry the identity, see `messageFilter`. */
export const hubFilters = {
  methods: '$iothub/methods/POST/#',
  twinResponses: '$iothub/twin/res/#',
  desired: '$iothub/twin/PATCH/properties/desired/#',
} as const;

const methodResponsePrefix = '$iothub/methods/res/';
const twinGetPrefix = '$iothub/twin/GET/';
const twinPatchPrefix = '$iothub/twin/PATCH/properties/reported/';
const methodPrefix = '$iothub/methods/POST/';
const twinResponsePrefix = '$iothub/twin/res/';
const desiredPrefix = '$iothub/twin/PATCH/properties/desired/';

/**
 * Reads a topic that a device published on; undefined when it is none of the hub's, which closes the
 * connection. Whose telemetry it is must be compared by the caller: ids are matched exactly. Request
 * ids are given byte for byte, since they are echoed so.
 */
export function parseDeviceTopic(topic: string): DeviceTopic | undefined {
  if (topic.startsWith('devices/')) return parseTelemetryTopic(topic);
  if (topic.startsWith(methodResponsePrefix)) return parseMethodResponse(topic.slice(methodResponsePrefix.length));
  if (topic.startsWith(twinGetPrefix)) {
    const requestId = parseTopicQuery(topic.slice(twinGetPrefix.length))?.get('$rid');
    return requestId === undefined ? undefined : { kind: 'twin-get', requestId };
  }
  if (topic.startsWith(twinPatchPrefix)) {
    const query = parseTopicQuery(topic.slice(twinPatchPrefix.length));
    const requestId = query?.get('$rid');
    if (requestId === undefined) return undefined;
    const version = query?.get('$version');
    return { kind: 'twin-patch-reported', requestId, ...(version === undefined ? {} : { version: parseVersion(version) }) };
  }
  return undefined;
}

function parseTelemetryTopic(topic: string): DeviceTopic | undefined {
  const match = /^devices\/([^/]+)(?:\/modules\/([^/]+))?\/messages\/events(?:\/(.*))?$/s.exec(topic);
  if (!match) return undefined;
  const [, deviceId = '', moduleId, bag = ''] = match;
  return { kind: 'telemetry', deviceId, ...(moduleId === undefined ? {} : { moduleId }), bag };
}

function parseMethodResponse(rest: string): DeviceTopic | undefined {
  const slash = rest.indexOf('/');
  const requestId = slash < 0 ? undefined : parseTopicQuery(rest.slice(slash + 1))?.get('$rid');
  if (requestId === undefined) return undefined;
  const status = rest.slice(0, slash);
  // Nine digits: what fits the 32 bits that every SDK uses for it.
  return /^-?\d{1,9}$/.test(status) ? { kind: 'method-response', status: Number(status), requestId } : { kind: 'ignored' };
}

function parseVersion(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** The name is one level; nothing may follow the request id: SDKs take the rest of the topic for it (4.9). */
export function formatMethodTopic(methodName: string, requestId: string): string {
  if (methodName === '' || /[/#+?\0]/.test(methodName)) {
    throw new Problem('argument-invalid', 'A method name is not empty and has none of / # + ?');
  }
  return `${methodPrefix}${methodName}/${formatTopicQuery([['$rid', requestId]])}`;
}

/** `$rid` first and `$version` last, status with three digits: parsers rely on each (4.10). */
export function formatTwinResponseTopic(status: number, requestId: string, version?: number): string {
  assert(status >= 100 && status <= 999, 'a response status has three digits');
  const pairs: [string, string][] = [['$rid', requestId]];
  if (version !== undefined) pairs.push(['$version', String(version)]);
  return `${twinResponsePrefix}${status}/${formatTopicQuery(pairs)}`;
}

export function formatDesiredTopic(version: number): string {
  return `${desiredPrefix}${formatTopicQuery([['$version', String(version)]])}`;
}

export function formatCloudToDeviceTopic({ deviceId, moduleId }: { deviceId: string; moduleId?: string }, bag: string): string {
  return `devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}/messages/devicebound/${bag}`;
}

/** The slash after the input is always there: two SDKs match on it (4.5). */
export function formatInputTopic(
  { deviceId, moduleId = '' }: { deviceId: string; moduleId?: string },
  input: string,
  bag: string,
) {
  return `devices/${deviceId}/modules/${moduleId}/inputs/${input}/${bag}`;
}

/** The filter for a device's cloud-to-device messages. */
export function messageFilter(deviceId: string): string {
  return `devices/${deviceId}/messages/devicebound/#`;
}

/** Every filter under which an identity's cloud-to-device messages come. */
export function messageFilters(deviceId: string, moduleId: string | undefined): readonly string[] {
  return moduleId === undefined ? [messageFilter(deviceId)] : moduleFilters(deviceId, moduleId).slice(0, 2);
}

/** Every filter under which messages to the inputs of a module come. */
export function inputFilters(deviceId: string, moduleId: string): readonly string[] {
  return moduleFilters(deviceId, moduleId).slice(1);
}

/**
 * The filters for what is sent to a module: messages as Java asks for them, all as C and .NET do, inputs
 * as Node and Python do (4.5).
 */
export function moduleFilters(deviceId: string, moduleId: string): string[] {
  const own = `devices/${deviceId}/modules/${moduleId}`;
  return [`${own}/messages/devicebound/#`, `${own}/#`, `${own}/inputs/#`];
}

/** Where an identity publishes its telemetry; a slash and the bag follow. */
export function telemetryTopic(deviceId: string, moduleId: string | undefined): string {
  return `devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}/messages/events`;
}

// The device's side: what simulated devices send and read.

export function formatTelemetryTopic(deviceId: string, bag = ''): string {
  return `devices/${deviceId}/messages/events/${bag}`;
}

export function formatMethodResponseTopic(status: number, requestId: string): string {
  return `${methodResponsePrefix}${status}/${formatTopicQuery([['$rid', requestId]])}`;
}

export function formatTwinGetTopic(requestId: string): string {
  return `${twinGetPrefix}${formatTopicQuery([['$rid', requestId]])}`;
}

export function formatTwinPatchTopic(requestId: string, version?: number): string {
  const pairs: [string, string][] = [['$rid', requestId]];
  if (version !== undefined) pairs.push(['$version', String(version)]);
  return `${twinPatchPrefix}${formatTopicQuery(pairs)}`;
}

/** Reads a topic that a hub published on; undefined when it is none of those above. */
export function parseHubTopic(topic: string): HubTopic | undefined {
  const message = /^devices\/([^/]+)(?:\/modules\/([^/]+))?\/messages\/devicebound(?:\/(.*))?$/s.exec(topic);
  if (message) {
    const [, deviceId = '', moduleId, bag = ''] = message;
    return { kind: 'cloud-to-device', deviceId, ...(moduleId === undefined ? {} : { moduleId }), bag };
  }
  const inputMessage = /^devices\/([^/]+)\/modules\/([^/]+)\/inputs\/([^/]+)\/(.*)$/s.exec(topic);
  if (inputMessage) {
    const [, deviceId = '', moduleId = '', input = '', bag = ''] = inputMessage;
    return { kind: 'input', deviceId, moduleId, input, bag };
  }
  const levels = /^(\$iothub\/(?:methods\/POST|twin\/res)\/)([^/]+)\/(.*)$/s.exec(topic);
  if (levels) {
    const [, prefix, level = '', rest = ''] = levels;
    const query = parseTopicQuery(rest);
    const requestId = query?.get('$rid');
    if (requestId === undefined) return undefined;
    if (prefix === methodPrefix) return { kind: 'method', name: level, requestId };
    if (!/^\d{3}$/.test(level)) return undefined;
    const version = query?.get('$version');
    return {
      kind: 'twin-response',
      status: Number(level),
      requestId,
      ...(version === undefined ? {} : { version: parseVersion(version) }),
    };
  }
  if (!topic.startsWith(desiredPrefix)) return undefined;
  const version = parseTopicQuery(topic.slice(desiredPrefix.length))?.get('$version');
  return version === undefined ? undefined : { kind: 'desired', version: parseVersion(version) };
}
