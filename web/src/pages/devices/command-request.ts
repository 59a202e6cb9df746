import type { DeviceTemplate, JsonValue } from '../../api/contract.ts';
import { readValue } from './property-value.ts';

/** One field of a command's form. `path` says where its value goes in the request; empty: it is the request. */
export type RequestField = { path: string[]; label: string; schema: string; options?: { label: string; value: JsonValue }[] };

type Json = Record<string, unknown>;

/** The fields of a command: one for a plain request, one per DTDL field for an object, none without a request. */
export function requestFields(
  template: DeviceTemplate | undefined,
  command: { name: string; request?: { name: string; displayName: string; schema: string } | undefined },
): RequestField[] {
  if (!command.request) return [];
  const model = template ? asObject(template.capabilityModel) : undefined;
  const declared = model ? findCommand(model, command.name) : undefined;
  const request = asObject(declared?.request);
  if (model && request) return fieldsOf(model, request, [], command.request.displayName);
  return [{ path: [], label: command.request.displayName, schema: command.request.schema }];
}

function findCommand(model: Json, name: string): Json | undefined {
  return asList(model.contents)
    .map(asObject)
    .find((item) => item?.name === name && asList(item['@type'], true).includes('Command'));
}

function fieldsOf(model: Json, item: Json, path: string[], fallbackLabel: string): RequestField[] {
  const label = textOf(item.displayName) ?? (path.length === 0 ? fallbackLabel : (textOf(item.name) ?? fallbackLabel));
  const schema = resolve(model, item.schema);
  if (typeof schema === 'string') return [{ path, label, schema }];
  const kind = asList(schema?.['@type'], true);
  if (schema && kind.includes('Object')) {
    return asList(schema.fields).flatMap((entry) => {
      const field = asObject(entry);
      const name = field?.name;
      return field && typeof name === 'string' ? fieldsOf(model, field, [...path, name], name) : [];
    });
  }
  if (schema && kind.includes('Enum')) {
    const options = asList(schema.enumValues).flatMap((entry) => {
      const option = asObject(entry);
      const value = option?.enumValue;
      return typeof value === 'string' || typeof value === 'number'
        ? [{ label: textOf(option?.displayName) ?? textOf(option?.name) ?? String(value), value }]
        : [];
    });
    return [{ path, label, schema: 'enum', options }];
  }
  return [{ path, label, schema: 'object' }];
}

/** A schema in place, or the one of that id among the interface's shared schemas. */
function resolve(model: Json, schema: unknown): string | Json | undefined {
  if (typeof schema !== 'string') return asObject(schema);
  if (!schema.startsWith('dtmi:')) return schema;
  return asList(model.schemas)
    .map(asObject)
    .find((known) => known?.['@id'] === schema);
}

export type BuiltRequest = { ok: true; request: JsonValue | undefined } | { ok: false; problems: Record<string, string> };

export function fieldKey(field: RequestField): string {
  return field.path.join('.');
}

/** The request that the typed texts stand for, or what is wrong by field. Fields of an object that were left empty are left out. */
export function buildRequest(fields: readonly RequestField[], texts: Readonly<Record<string, string>>): BuiltRequest {
  const problems: Record<string, string> = {};
  let request: JsonValue | undefined;
  for (const field of fields) {
    const text = texts[fieldKey(field)] ?? (field.schema === 'boolean' ? 'false' : '');
    if (text === '' && field.path.length > 0) continue;
    const read = field.options ? readOption(field.options, text) : readValue(field.schema, text);
    if (!read.ok) problems[fieldKey(field)] = read.message;
    else request = placed(request, field.path, read.value);
  }
  if (Object.keys(problems).length > 0) return { ok: false, problems };
  return { ok: true, request: request ?? (fields.some((field) => field.path.length > 0) ? {} : undefined) };
}

function readOption(options: readonly { label: string; value: JsonValue }[], text: string) {
  const option = options.find((known) => known.label === text);
  return option ? ({ ok: true, value: option.value } as const) : ({ ok: false, message: 'Choose one of the values.' } as const);
}

function placed(into: JsonValue | undefined, path: readonly string[], value: JsonValue): JsonValue {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const object: Record<string, JsonValue> = typeof into === 'object' && into !== null && !Array.isArray(into) ? into : {};
  return { ...object, [name]: placed(object[name], rest, value) };
}

function asObject(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function asList(value: unknown, wrapSingle = false): unknown[] {
  return Array.isArray(value) ? value : wrapSingle && value !== undefined ? [value] : [];
}

/** A display name: a text, or a map of languages. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const languages = asObject(value);
  const text = languages?.en ?? Object.values(languages ?? {})[0];
  return typeof text === 'string' ? text : undefined;
}
