import type { JsonObject } from '#base/json.ts';
import { formatMetadata, type TwinMetadata } from './twin-metadata.ts';

/**
 * What a device, or a module of it, and its owner tell each other: tags (owner only), desired (owner →
 * device), reported (device → owner).
 */
export type Twin = {
  readonly deviceId: string;
  /** Undefined for a device's own twin. */
  readonly moduleId?: string;
  readonly tags: JsonObject;
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  /** `$version` of each section: starts at 1, plus one per accepted change, never back. */
  readonly desiredVersion: number;
  readonly reportedVersion: number;
  readonly desiredMetadata: TwinMetadata;
  readonly reportedMetadata: TwinMetadata;
  /** The model the device announced at its last connect; empty when none. */
  readonly modelId: string;
  /** Changes with tags and desired, not with reported. */
  readonly etag: string;
  /** Plus one at any change. */
  readonly version: number;
};

/** The document a device gets for a twin GET: both sections, each with `$version`, no metadata, no tags (4.10). */
export function formatTwinForDevice(twin: Twin): JsonObject {
  return {
    desired: withVersion(twin.desired, twin.desiredVersion),
    reported: withVersion(twin.reported, twin.reportedVersion),
  };
}

/** The whole twin as services read it and as life-cycle events carry it (hub-service-protocol.md 4.4, 9.5). */
export function formatTwin(twin: Twin): JsonObject {
  return {
    deviceId: twin.deviceId,
    ...(twin.moduleId === undefined ? {} : { moduleId: twin.moduleId }),
    etag: twin.etag,
    version: twin.version,
    modelId: twin.modelId,
    tags: twin.tags,
    properties: {
      desired: formatSection(twin.desired, twin.desiredMetadata, twin.desiredVersion),
      reported: formatSection(twin.reported, twin.reportedMetadata, twin.reportedVersion),
    },
  };
}

/** One section with `$metadata` and `$version`. */
export function formatSection(properties: JsonObject, metadata: TwinMetadata, version: number): JsonObject {
  return Object.fromEntries([
    ...Object.entries(properties),
    ['$metadata', formatMetadata(metadata)] as const,
    ['$version', version] as const,
  ]);
}

/** A section, or a patch of one, with its `$version` last. Keys of twins hold no `$`, so none is overwritten. */
export function withVersion(properties: JsonObject, version: number): JsonObject {
  return Object.fromEntries([...Object.entries(properties), ['$version', version] as const]);
}

/** The service's form of a twin etag: base64 of an 8-byte counter. */
export function etagOf(serviceRevision: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(serviceRevision));
  return counter.toString('base64');
}
