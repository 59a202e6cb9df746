import { Problem } from '#base/problem.ts';
import type { AskedIdentity, AskedModule } from '../contract/service-requests.ts';
import type { PresenceState } from '../presence/presence.ts';
import type { AskedAuthentication, Device } from '../registry/device.ts';
import { formatTime } from '../registry/format-time.ts';
import type { Module, ModuleAuthentication } from '../registry/module.ts';
import type { ModuleChange } from '../registry/modules.ts';
import type { DeviceChange } from '../registry/registry.ts';
import { connectionState, formatPlace, formatThumbprints } from '../twins/twin-document.ts';

/** An identity as the service's REST prints it, keys included (hub-service-protocol.md 4.1). */
export function formatIdentity(device: Device, presence: PresenceState | undefined, messageCount: number) {
  return {
    deviceId: device.deviceId,
    generationId: device.generationId,
    etag: device.etag,
    connectionState: connectionState(presence),
    status: device.isEnabled ? 'enabled' : 'disabled',
    statusReason: device.statusReason ?? null,
    connectionStateUpdatedTime: formatTime(presence?.since),
    statusUpdatedTime: formatTime(device.statusUpdatedAt),
    lastActivityTime: formatTime(presence?.since),
    cloudToDeviceMessageCount: messageCount,
    authentication: formatAuthentication(device.authentication),
    ...formatPlace(device),
  };
}

/** A module identity as the service's REST prints it. It has no status of its own. */
export function formatModule(module: Module, presence: PresenceState | undefined, messageCount: number) {
  return {
    deviceId: module.deviceId,
    moduleId: module.moduleId,
    managedBy: module.managedBy ?? null,
    generationId: module.generationId,
    etag: module.etag,
    connectionState: connectionState(presence),
    connectionStateUpdatedTime: formatTime(presence?.since),
    lastActivityTime: formatTime(presence?.since),
    cloudToDeviceMessageCount: messageCount,
    authentication: formatAuthentication(module.authentication),
  };
}

export function formatAuthentication(authentication: ModuleAuthentication) {
  const keys = authentication.type === 'sas' ? authentication.keys.reveal() : { primaryKey: null, secondaryKey: null };
  return {
    symmetricKey: { primaryKey: keys.primaryKey, secondaryKey: keys.secondaryKey },
    x509Thumbprint: formatThumbprints(authentication),
    type: authentication.type,
  };
}

/** What a body asks for; what it leaves out is left out. */
export function parseIdentity(asked: Omit<AskedIdentity, 'deviceId'>): DeviceChange {
  const authentication = parseAuthentication(asked.authentication);
  return {
    ...(asked.status == null ? {} : { isEnabled: asked.status === 'enabled' }),
    ...(asked.statusReason === undefined ? {} : { statusReason: asked.statusReason ?? '' }),
    ...(authentication === undefined ? {} : { authentication }),
    ...(asked.capabilities?.iotEdge == null ? {} : { isEdge: asked.capabilities.iotEdge }),
    ...(asked.deviceScope === undefined ? {} : { deviceScope: asked.deviceScope ?? '' }),
    ...(asked.parentScopes === undefined ? {} : { parentScopes: asked.parentScopes ?? [] }),
  };
}

/** What a body asks for; what it leaves out is left out. */
export function parseModule(asked: Pick<AskedModule, 'authentication' | 'managedBy'>): ModuleChange {
  const { authentication, managedBy } = asked;
  const change = authentication?.type === 'none' ? ({ type: 'none' } as const) : parseAuthentication(authentication);
  return {
    ...(managedBy === undefined ? {} : { managedBy: managedBy ?? '' }),
    ...(change === undefined ? {} : { authentication: change }),
  };
}

function parseAuthentication(asked: AskedIdentity['authentication']): AskedAuthentication | undefined {
  if (asked == null) return undefined;
  const { primaryThumbprint, secondaryThumbprint } = asked.x509Thumbprint ?? {};
  switch (asked.type ?? (primaryThumbprint || secondaryThumbprint ? 'selfSigned' : 'sas')) {
    case 'certificateAuthority':
      return { type: 'certificateAuthority' };
    case 'selfSigned':
      return {
        type: 'selfSigned',
        ...(primaryThumbprint ? { primaryThumbprint } : {}),
        ...(secondaryThumbprint ? { secondaryThumbprint } : {}),
      };
    case 'sas': {
      const { primaryKey, secondaryKey } = asked.symmetricKey ?? {};
      return { type: 'sas', ...(primaryKey ? { primaryKey } : {}), ...(secondaryKey ? { secondaryKey } : {}) };
    }
    case 'none':
      throw new Problem('argument-invalid', 'A device signs in as sas, selfSigned or certificateAuthority.');
  }
}
