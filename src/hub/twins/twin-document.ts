import type { Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Device } from '../registry/device.ts';
import { deviceScopeOf } from '../registry/edge-scope.ts';
import { formatTime } from '../registry/format-time.ts';
import { formatTwin, type Twin } from './twin.ts';

/** How somebody signs in, as far as it is told. */
export type ToldAuthentication = {
  readonly type: string;
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
};

type ToldPresence = { readonly isConnected: boolean; readonly since: Instant };

/** What a service's view of a twin is put together from, but for its sections. */
export type TwinFacts = {
  readonly twin: Pick<Twin, 'deviceId' | 'moduleId' | 'etag' | 'version' | 'modelId'>;
  /** The device, also for a module: what a module has no word of its own for, its status, is its device's. */
  readonly device: Pick<
    Device,
    'deviceId' | 'generationId' | 'isEnabled' | 'statusReason' | 'statusUpdatedAt' | 'isEdge' | 'parentScope'
  >;
  /** The device or the module that the twin is of. */
  readonly owner: { readonly etag: string; readonly authentication: ToldAuthentication };
  readonly presence: ToldPresence | undefined;
  readonly messageCount: number;
  /** Which configurations are meant for it, by id; undefined for none. */
  readonly configurations?: JsonObject | undefined;
};

/** The document that services read: over GET /twins and as a row of a query (hub-service-protocol.md 4.4). */
export function formatTwinDocument(facts: TwinFacts & { readonly twin: Twin }): JsonObject {
  const { tags, properties } = formatTwin(facts.twin);
  return {
    ...formatTwinHead(facts),
    ...(tags === undefined ? {} : { tags }),
    ...(properties === undefined ? {} : { properties }),
  };
}

/** The document without its sections. */
export function formatTwinHead({ twin, device, owner, presence, messageCount, configurations }: TwinFacts): JsonObject {
  return {
    deviceId: twin.deviceId,
    ...(twin.moduleId === undefined ? {} : { moduleId: twin.moduleId }),
    etag: twin.etag,
    deviceEtag: owner.etag,
    status: device.isEnabled ? 'enabled' : 'disabled',
    statusReason: device.statusReason ?? null,
    statusUpdateTime: formatTime(device.statusUpdatedAt),
    connectionState: connectionState(presence),
    lastActivityTime: formatTime(presence?.since),
    cloudToDeviceMessageCount: messageCount,
    authenticationType: owner.authentication.type,
    x509Thumbprint: formatThumbprints(owner.authentication),
    version: twin.version,
    modelId: twin.modelId,
    ...formatPlace(device),
    ...(configurations === undefined ? {} : { configurations }),
  };
}

export function connectionState(presence: Pick<ToldPresence, 'isConnected'> | undefined): 'Connected' | 'Disconnected' {
  return presence?.isConnected ? 'Connected' : 'Disconnected';
}

export function formatThumbprints({ type, ...thumbprints }: ToldAuthentication) {
  const { primaryThumbprint = null, secondaryThumbprint = null } = type === 'selfSigned' ? thumbprints : {};
  return { primaryThumbprint, secondaryThumbprint };
}

/** Where a device stands among edge devices, as identities and twins say it. */
export function formatPlace(device: Pick<Device, 'deviceId' | 'generationId' | 'isEdge' | 'parentScope'>) {
  const { isEdge, parentScope } = device;
  const deviceScope = deviceScopeOf(device);
  return {
    capabilities: { iotEdge: isEdge },
    ...(deviceScope === undefined ? {} : { deviceScope }),
    parentScopes: parentScope === undefined ? [] : [parentScope],
  };
}
