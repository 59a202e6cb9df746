import { formatInstantTicks, type Instant } from '#base/instant.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';

/** When a property was last written, and those below it. Follows the document member by member. */
export type TwinMetadata = {
  /** Undefined for a section that nobody has written yet. */
  readonly lastUpdated?: Instant;
  /** The section's `$version` of that write; kept for desired properties only. */
  readonly lastUpdatedVersion?: number;
  readonly members: { readonly [key: string]: TwinMetadata };
};

type Stamp = { lastUpdated: Instant; lastUpdatedVersion?: number };

/** The metadata after `patch`, a merge patch, was applied with `stamp`. Everything on the way to a written value is stamped. */
export function stampMetadata(metadata: TwinMetadata | undefined, patch: JsonObject, stamp: Stamp): TwinMetadata {
  const members = new Map(Object.entries(metadata?.members ?? {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else if (isJsonObject(value)) members.set(key, stampMetadata(members.get(key), value, stamp));
    else members.set(key, { ...stamp, members: {} });
  }
  return { ...stamp, members: Object.fromEntries(members) };
}

/** The `$metadata` object of service documents and events (hub-service-protocol.md 4.4). */
export function formatMetadata(metadata: TwinMetadata): JsonObject {
  const own: JsonObject = {
    $lastUpdated: metadata.lastUpdated === undefined ? '0001-01-01T00:00:00Z' : formatInstantTicks(metadata.lastUpdated),
    ...(metadata.lastUpdatedVersion === undefined ? {} : { $lastUpdatedVersion: metadata.lastUpdatedVersion }),
  };
  return Object.fromEntries([
    ...Object.entries(own),
    ...Object.entries(metadata.members).map(([key, member]) => [key, formatMetadata(member)] as const),
  ]);
}

/** The part of `metadata` that belongs to the members of `patch`, as change events quote it. */
export function selectMetadata(metadata: TwinMetadata, patch: JsonObject): TwinMetadata {
  const members = Object.entries(patch).flatMap(([key, value]) => {
    const member = Object.hasOwn(metadata.members, key) ? metadata.members[key] : undefined;
    if (!member) return [];
    return [[key, isJsonObject(value) ? selectMetadata(member, value) : member] as const];
  });
  return { ...metadata, members: Object.fromEntries(members) };
}
