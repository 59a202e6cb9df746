import { Problem } from '#base/problem.ts';

/** Who connects to a hub: a device, or one of its modules. They share nothing but the device's being enabled. */
export type Identity = { readonly deviceId: string; readonly moduleId?: string };

/**
 * An identity as one text: a device's own id, or `{device}/{module}`, as in the client id of MQTT
 * (hub-device-protocol.md 4.1). Ids hold no slash, so that no device is called like a module. What
 * belongs to an identity (its twin, its session, its method calls) is kept under this name.
 */
export function identityName({ deviceId, moduleId }: Identity): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

export function parseIdentityName(name: string): Identity {
  const slash = name.indexOf('/');
  return slash < 0 ? { deviceId: name } : { deviceId: name.slice(0, slash), moduleId: name.slice(slash + 1) };
}

/** In a sentence. */
export function describeIdentity({ deviceId, moduleId }: Identity): string {
  return moduleId === undefined ? `device ${deviceId}` : `module ${moduleId} of the device ${deviceId}`;
}

export function identityNotFound({ deviceId, moduleId }: Identity): Problem {
  if (moduleId === undefined) return new Problem('device-not-found', `The hub knows no device ${deviceId}.`);
  return new Problem('not-found', `The device ${deviceId} has no module ${moduleId}.`, { reason: 'module-not-found' });
}
