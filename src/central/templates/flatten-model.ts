import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type {
  CapabilitySchema,
  CommandCapability,
  CommandField,
  DeviceModel,
  PropertyCapability,
  TelemetryCapability,
} from './device-model.ts';

const primitiveSchemas: ReadonlySet<string> = new Set<CapabilitySchema>([
  'boolean',
  'date',
  'dateTime',
  'double',
  'duration',
  'float',
  'integer',
  'long',
  'string',
  'time',
  'geopoint',
  'vector',
]);

/**
 * A DTDL v2 Interface as the flat model that ingest, forms and commands use. Root contents only:
 * components and relationships describe other interfaces and are left out.
 */
export function flattenModel(model: JsonObject, wrapped: ReadonlySet<string> = new Set()): DeviceModel {
  const contents = (Array.isArray(model.contents) ? model.contents : []).filter(isJsonObject);
  const ofKind = (kind: string) => contents.filter((content) => typesOf(content).includes(kind));
  const id = textOf(model['@id']) ?? '';
  return {
    id,
    displayName: labelOf(model) ?? id,
    telemetry: ofKind('Telemetry').map(telemetryOf),
    properties: ofKind('Property').map((content) => propertyOf(content, wrapped)),
    commands: ofKind('Command').map(commandOf),
  };
}

function telemetryOf(content: JsonObject): TelemetryCapability {
  const semanticType = typesOf(content).find((type) => type !== 'Telemetry');
  const unit = textOf(content.unit);
  return {
    ...fieldOf(content),
    ...(unit === undefined ? {} : { unit }),
    ...(semanticType === undefined ? {} : { semanticType }),
  };
}

function propertyOf(content: JsonObject, wrapped: ReadonlySet<string>): PropertyCapability {
  const field = fieldOf(content);
  const unit = textOf(content.unit);
  return {
    ...field,
    writable: content.writable === true,
    ...(unit === undefined ? {} : { unit }),
    ...(wrapped.has(field.name) ? { desiredIsWrapped: true } : {}),
  };
}

function commandOf(content: JsonObject): CommandCapability {
  const { name, displayName } = fieldOf(content);
  return {
    name,
    displayName,
    ...(isJsonObject(content.request) ? { request: fieldOf(content.request) } : {}),
    ...(isJsonObject(content.response) ? { response: fieldOf(content.response) } : {}),
  };
}

function fieldOf(content: JsonObject): CommandField {
  const name = textOf(content.name) ?? '';
  return { name, displayName: labelOf(content) ?? name, schema: schemaOf(content.schema) };
}

function schemaOf(schema: Json | undefined): CapabilitySchema {
  if (isJsonObject(schema)) return schemaOf(textOf(schema['@type'])?.toLowerCase());
  if (schema === 'enum' || schema === 'array' || schema === 'map') return schema;
  return isPrimitive(schema) ? schema : 'object';
}

function isPrimitive(schema: Json | undefined): schema is CapabilitySchema & string {
  return typeof schema === 'string' && primitiveSchemas.has(schema);
}

/** A display name is a text or a map by language; English first, since the product's own words are English. */
function labelOf(content: JsonObject): string | undefined {
  const label = content.displayName;
  if (!isJsonObject(label)) return textOf(label);
  return textOf(label.en) ?? Object.values(label).map(textOf).find(Boolean);
}

function typesOf(content: JsonObject): string[] {
  const type = content['@type'];
  return (Array.isArray(type) ? type : [type]).filter((word) => typeof word === 'string');
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
