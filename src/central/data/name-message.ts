import { isUtf8 } from 'node:buffer';
import { type Instant, parseInstant } from '#base/instant.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { CapabilitySchema, DeviceModel } from '../templates/device-model.ts';
import { fitValue } from './coerce.ts';
import type { Message } from './message.ts';

export type MessageType = 'Telemetry' | 'Property' | 'Desired property' | 'Twin' | 'Lifecycle' | 'Connectivity' | 'Job';

/** Why a value is shown under Unmodeled data; the words people read (central.md 3.5). */
export type UnmodeledReason =
  | 'no template'
  | 'field not in template'
  | 'unknown component'
  | 'type mismatch with schema'
  | 'invalid characters in the field name'
  | 'wrong content type or encoding'
  | 'malformed JSON'
  | 'not a JSON object';

export type ModeledValue = { value: Json; isCoerced: boolean };

/** What one event says in the words of the device's template. */
export type NamedMessage = {
  messageType: MessageType;
  /** When the values were measured: what the device says, otherwise when the hub got them. */
  at: Instant;
  modeled: Map<string, ModeledValue>;
  unmodeled: Map<string, { value: Json; reason: UnmodeledReason }>;
};

/** The name under which a body that has no fields is listed. */
export const wholeBody = '$body';

const creationTimePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)?$/;
const namePattern = /^[A-Za-z0-9_]+$/;

/** Names the values of an event by `model`; what fits nowhere is unmodeled, with the reason. */
export function nameMessage(event: Message, model: DeviceModel | undefined): NamedMessage {
  switch (event.source) {
    case 'Telemetry':
      return nameTelemetry(event, model);
    case 'twinChangeEvents':
      return nameTwinChange(event, model);
    case 'deviceLifecycleEvents':
    case 'moduleLifecycleEvents':
      return { ...empty(event), messageType: 'Lifecycle' };
    case 'deviceConnectionStateEvents':
      return { ...empty(event), messageType: 'Connectivity' };
    case 'digitalTwinChangeEvents':
      // The change of the twin beside it has the values.
      return { ...empty(event), messageType: 'Twin' };
    case 'deviceJobLifecycleEvents':
      return { ...empty(event), messageType: 'Job' };
  }
}

/** `iothub-creation-time-utc` as the device sent it; what is no UTC instant does not count. */
function creationTime(event: Message): Instant | undefined {
  const text = event.creationTime;
  if (text === undefined || !creationTimePattern.test(text)) return undefined;
  const at = parseInstant(/Z|\+/.test(text) ? text : `${text}Z`);
  return at === undefined || at < 0 ? undefined : at;
}

function empty(event: Message): NamedMessage {
  return { messageType: 'Telemetry', at: event.enqueuedAt, modeled: new Map(), unmodeled: new Map() };
}

function nameTelemetry(event: Message, model: DeviceModel | undefined): NamedMessage {
  const message = { ...empty(event), at: creationTime(event) ?? event.enqueuedAt };
  const body = parseBody(event);
  if (!body.ok) message.unmodeled.set(wholeBody, { value: body.text, reason: body.reason });
  else if (!isJsonObject(body.value)) message.unmodeled.set(wholeBody, { value: body.value, reason: 'not a JSON object' });
  else {
    nameFields(message, body.value, model?.telemetry, event.component === undefined ? undefined : 'unknown component');
  }
  return message;
}

/** A twin notification carries the part that changed: `{version, properties: {reported | desired}}` or `{version, tags}`. */
function nameTwinChange(event: Message, model: DeviceModel | undefined): NamedMessage {
  const message = empty(event);
  const body = parseBody(event);
  const properties = body.ok && isJsonObject(body.value) ? body.value.properties : undefined;
  const isObject = isJsonObject(properties);
  // An owner who replaced tags and desired is quoted with the whole twin; the device reported nothing then.
  const reported = isObject && event.operation !== 'replaceTwin' ? properties.reported : undefined;
  if (isJsonObject(reported)) {
    nameFields(message, unwrapReported(reported, model), model?.properties, undefined);
    return { ...message, messageType: 'Property' };
  }
  return { ...message, messageType: isObject && isJsonObject(properties.desired) ? 'Desired property' : 'Twin' };
}

/** Reported values without twin metadata; an acknowledgement `{value, ac, av, ad}` counts as its value. */
function unwrapReported(reported: JsonObject, model: DeviceModel | undefined): JsonObject {
  const values: [string, Json][] = [];
  for (const [name, value] of Object.entries(reported)) {
    // null removes a property; there is no value to show.
    if (name.startsWith('$') || value === null) continue;
    const isWritable = model?.properties.some((property) => property.name === name && property.writable);
    const inner = isWritable && isJsonObject(value) && ('ac' in value || 'av' in value) ? value.value : undefined;
    values.push([name, inner ?? value]);
  }
  return Object.fromEntries(values);
}

type Capability = { name: string; schema: CapabilitySchema };

function nameFields(
  message: NamedMessage,
  fields: JsonObject,
  capabilities: readonly Capability[] | undefined,
  refusal: UnmodeledReason | undefined,
): void {
  for (const [name, value] of Object.entries(fields)) {
    const capability = refusal ? undefined : capabilities?.find((candidate) => candidate.name === name);
    const fitted = capability && fitValue(value, capability.schema);
    if (fitted) message.modeled.set(name, fitted);
    else message.unmodeled.set(name, { value, reason: refusal ?? reasonFor(name, capabilities, capability) });
  }
}

function reasonFor(
  name: string,
  capabilities: readonly Capability[] | undefined,
  capability: Capability | undefined,
): UnmodeledReason {
  if (capability) return 'type mismatch with schema';
  if (!namePattern.test(name)) return 'invalid characters in the field name';
  return capabilities ? 'field not in template' : 'no template';
}

/** How much of a body without fields is listed as its value; the whole stands beside it. */
const shownBytesMax = 1_024;

type Body = { ok: true; value: Json } | { ok: false; text: string; reason: UnmodeledReason };

/** Devices rarely say what they send, so a body is tried as JSON whatever the content type claims. */
function parseBody(event: Message): Body {
  try {
    return { ok: true, value: parseJson(event.body) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const isOther =
      !/json/i.test(event.contentType ?? 'json') || !/^(utf-?8)?$/i.test(event.contentEncoding ?? '') || !isUtf8(event.body);
    return {
      ok: false,
      text: Buffer.from(event.body.subarray(0, shownBytesMax)).toString(),
      reason: isOther ? 'wrong content type or encoding' : 'malformed JSON',
    };
  }
}
