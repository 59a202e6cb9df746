/** Where a link of a device leads, hub-device-protocol.md 5.4. Ids are as they were sent: raw, or percent-encoded once. */
export type DeviceAddress = {
  readonly kind: 'events' | 'messages' | 'methods' | 'twin';
  readonly deviceId: string;
  readonly moduleId?: string;
};

const kinds: Readonly<Record<string, DeviceAddress['kind']>> = {
  'messages/events': 'events',
  'messages/devicebound': 'messages',
  'methods/devicebound': 'methods',
  twin: 'twin',
};

const devicePattern =
  /^\/?devices\/([^/]+)(?:\/modules\/([^/]+))?\/(messages\/events|messages\/devicebound|methods\/devicebound|twin)\/?$/i;

/** Reads `/devices/{d}[/modules/{m}]/…`, with or without scheme, host and first slash; fixed words in any case. */
export function parseDeviceAddress(address: string): DeviceAddress | undefined {
  const [, deviceId = '', moduleId, words = ''] = devicePattern.exec(pathOf(address)) ?? [];
  const kind = kinds[words.toLowerCase()];
  if (kind === undefined) return undefined;
  return { kind, deviceId, ...(moduleId === undefined ? {} : { moduleId }) };
}

/**
 * Whom an audience or the resource of a token names: `{hub}/devices/{d}[/modules/{m}]`, decoded already. Undefined
 * when it names nobody alone.
 */
export function parseAudience(audience: string): { deviceId: string; moduleId?: string } | undefined {
  const bare = audience.replace(/^[a-z]+:\/\//i, '');
  const [, deviceId, moduleId] = /^[^/]*\/devices\/([^/]+)(?:\/modules\/([^/]+))?\/?$/i.exec(bare) ?? [];
  return deviceId === undefined ? undefined : { deviceId, ...(moduleId === undefined ? {} : { moduleId }) };
}

/** The user name of SASL PLAIN: a device, a module, or an access policy (5.1). */
export type PlainUser =
  | { readonly deviceId: string; readonly moduleId?: string; readonly hub: string }
  | { readonly policyName: string; readonly hub: string };

export function parsePlainUser(userName: string): PlainUser | undefined {
  const [, policyName, policyHub] = /^([^/]+)@sas\.root\.([^@/]+)$/i.exec(userName) ?? [];
  if (policyName !== undefined && policyHub !== undefined) return { policyName, hub: policyHub };
  const [, deviceId, moduleId, hub] = /^([^/]+)(?:\/modules\/([^/]+))?@sas\.([^@/]+)$/i.exec(userName) ?? [];
  if (deviceId === undefined || hub === undefined) return undefined;
  return { deviceId, hub, ...(moduleId === undefined ? {} : { moduleId }) };
}

type Named = { readonly deviceId: string; readonly moduleId?: string };

/** An identity by its ids as they were sent and, where that differs, decoded once: an id may hold a `%` of its own. */
export function spellings({ deviceId, moduleId }: Named): [Named, Named?] {
  const raw: Named = { deviceId, ...(moduleId === undefined ? {} : { moduleId }) };
  try {
    const decoded: Named = {
      deviceId: decodeURIComponent(deviceId),
      ...(moduleId === undefined ? {} : { moduleId: decodeURIComponent(moduleId) }),
    };
    return decoded.deviceId === deviceId && decoded.moduleId === moduleId ? [raw] : [raw, decoded];
  } catch {
    return [raw];
  }
}

function pathOf(address: string): string {
  return address.replace(/^amqps?:\/\/[^/]*/i, '');
}
