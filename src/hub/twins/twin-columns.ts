import { type Instant, instant } from '#base/instant.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { TwinMetadata } from './twin-metadata.ts';

/** A section as it is stored. */
export function parseDocument(text: string): JsonObject {
  const value = JSON.parse(text);
  if (!isJsonObject(value)) throw new Error('a stored twin section is no object');
  return value;
}

/** Metadata is as large as the document it describes, so it is kept as nested arrays: [ms, version, members]. */
type PackedMetadata = [
  lastUpdated: number | null,
  lastUpdatedVersion: number | null,
  members?: { [key: string]: PackedMetadata },
];

export function packMetadata(metadata: TwinMetadata): PackedMetadata {
  const members = Object.entries(metadata.members).map(([key, member]) => [key, packMetadata(member)] as const);
  const head = [metadata.lastUpdated ?? null, metadata.lastUpdatedVersion ?? null] as const;
  return members.length === 0 ? [...head] : [...head, Object.fromEntries(members)];
}

export function unpackMetadata([lastUpdated, lastUpdatedVersion, members]: PackedMetadata): TwinMetadata {
  const at: Instant | undefined = lastUpdated === null ? undefined : instant(lastUpdated);
  return {
    ...(at === undefined ? {} : { lastUpdated: at }),
    ...(lastUpdatedVersion === null ? {} : { lastUpdatedVersion }),
    members: Object.fromEntries(Object.entries(members ?? {}).map(([key, member]) => [key, unpackMetadata(member)])),
  };
}
