import { formatInstantTicks } from '#base/instant.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Twin } from '../twins/twin.ts';
import type { TwinMetadata } from '../twins/twin-metadata.ts';

/** A section of a twin, or a component in it, with when each of its members was written. */
type Part = { readonly values: JsonObject; readonly metadata: TwinMetadata | undefined };

/**
 * The twin in the words of its model: properties and components, flattened, and of each property what was asked of
 * it and what the device answered (hub-service-protocol.md 4.11).
 */
export function formatDigitalTwin(twin: Twin): JsonObject {
  const desired: Part = { values: twin.desired, metadata: twin.desiredMetadata };
  const reported: Part = { values: twin.reported, metadata: twin.reportedMetadata };
  const names = namesOf(desired, reported);
  const components = names.filter((name) => isComponent(desired.values[name]) || isComponent(reported.values[name]));
  const properties = names.filter((name) => !components.includes(name));
  const root = formatProperties(properties, desired, reported);
  return Object.fromEntries([
    ['$dtId', twin.deviceId] as const,
    ...Object.entries(root.values),
    ...components.map((name) => [name, formatComponent(partAt(desired, name), partAt(reported, name))] as const),
    ['$metadata', { $model: twin.modelId, ...root.metadata }] as const,
  ]);
}

export function isComponent(value: Json | undefined): value is JsonObject {
  return isJsonObject(value) && value.__t === 'c';
}

function formatComponent(desired: Part, reported: Part): JsonObject {
  const { values, metadata } = formatProperties(
    namesOf(desired, reported).filter((name) => name !== '__t'),
    desired,
    reported,
  );
  return { ...values, $metadata: metadata };
}

function formatProperties(names: readonly string[], desired: Part, reported: Part): { values: JsonObject; metadata: JsonObject } {
  const values: [string, Json][] = [];
  const metadata: [string, Json][] = [];
  for (const name of names) {
    const present = reported.values[name];
    const answer = acknowledgementOf(present);
    const value = answer ? answer.value : present;
    if (value !== undefined) values.push([name, value]);
    const asked = desired.values[name];
    const written = (present === undefined ? desired : reported).metadata?.members[name]?.lastUpdated;
    metadata.push([
      name,
      {
        ...(asked === undefined ? {} : { desiredValue: asked, ...versionOf(desired, name) }),
        ...(answer ? { ackCode: answer.ac, ackVersion: answer.av, ...descriptionOf(answer) } : {}),
        ...(written === undefined ? {} : { lastUpdateTime: formatInstantTicks(written) }),
      },
    ]);
  }
  return { values: Object.fromEntries(values), metadata: Object.fromEntries(metadata) };
}

/** What a device says of a writable property: its value, and how it took what it was asked. */
function acknowledgementOf(value: Json | undefined): JsonObject | undefined {
  const isAnswer = isJsonObject(value) && ['value', 'ac', 'av'].every((member) => Object.hasOwn(value, member));
  return isAnswer ? value : undefined;
}

function descriptionOf({ ad }: JsonObject): JsonObject {
  return ad === undefined ? {} : { ackDescription: ad };
}

function versionOf({ metadata }: Part, name: string): JsonObject {
  const version = metadata?.members[name]?.lastUpdatedVersion;
  return version === undefined ? {} : { desiredVersion: version };
}

function namesOf(desired: Part, reported: Part): string[] {
  return [...new Set([...Object.keys(reported.values), ...Object.keys(desired.values)])];
}

/** A component as one of the two sides has it: nothing, where that side has none. */
function partAt({ values, metadata }: Part, name: string): Part {
  const value = values[name];
  return isJsonObject(value) ? { values: value, metadata: metadata?.members[name] } : { values: {}, metadata: undefined };
}
