import { decodePercent } from './percent.ts';

export type HubUserName = {
  readonly kind: 'hub';
  readonly hostName: string;
  readonly deviceId: string;
  readonly moduleId?: string;
  /** Absent when the client sent none or an empty one: the surface refuses that and says why. */
  readonly apiVersion?: string;
  readonly modelId?: string;
  /** The client's description of itself. */
  readonly clientType?: string;
};

export type ProvisioningUserName = {
  readonly kind: 'provisioning';
  readonly idScope: string;
  readonly registrationId: string;
  readonly apiVersion: string;
  readonly clientVersion?: string;
};

/**
 * Reads what an MQTT user name says: `{hub}/{device}[/{module}]/[?]{parameters}` (hub-device-protocol.md
 * 4.1) or `{scope}/registrations/{registration}/{parameters}` (dps-device-protocol.md 5.1). Undefined
 * when it is neither.
 *
 * Ids are not encoded and may hold `?` and `=`, so only slashes separate; the parameters are what
 * stands behind the last one. A second level `registrations` is provisioning's.
 */
export function parseMqttUserName(text: string): HubUserName | ProvisioningUserName | undefined {
  const levels = text.split('/');
  if (levels.length !== 3 && levels.length !== 4) return undefined;
  const [first = '', second = '', third = ''] = levels;
  const parameters = parseParameters(levels[levels.length - 1] ?? '');
  const apiVersion = parameters.get('api-version') || undefined;
  if (first === '' || second === '') return undefined;
  if (second === 'registrations' && levels.length === 4) {
    if (third === '' || apiVersion === undefined) return undefined;
    const clientVersion = parameters.get('ClientVersion');
    return {
      kind: 'provisioning',
      idScope: first,
      registrationId: third,
      apiVersion,
      ...(clientVersion === undefined ? {} : { clientVersion }),
    };
  }
  if (levels.length === 4 && third === '') return undefined;
  const modelId = parameters.get('model-id') || undefined;
  const clientType = parameters.get('DeviceClientType') || undefined;
  return {
    kind: 'hub',
    hostName: first,
    deviceId: second,
    ...(levels.length === 4 ? { moduleId: third } : {}),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(modelId === undefined ? {} : { modelId }),
    ...(clientType === undefined ? {} : { clientType }),
  };
}

/** Names are exact, of duplicates the first counts, values are decoded leniently: Node sends its model id raw. */
function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const piece of (text.startsWith('?') ? text.slice(1) : text).split('&')) {
    const at = piece.indexOf('=');
    if (at <= 0) continue;
    const name = piece.slice(0, at);
    if (!parameters.has(name)) parameters.set(name, decodePercent(piece.slice(at + 1)));
  }
  return parameters;
}

/** The user name of a device, as our own clients send it. */
export function formatHubUserName(name: Omit<HubUserName, 'kind'>): string {
  const levels = [name.hostName, name.deviceId, ...(name.moduleId === undefined ? [] : [name.moduleId])];
  const parameters = [
    ...(name.apiVersion === undefined ? [] : [`api-version=${name.apiVersion}`]),
    ...(name.clientType === undefined ? [] : [`DeviceClientType=${encodeURIComponent(name.clientType)}`]),
    ...(name.modelId === undefined ? [] : [`model-id=${encodeURIComponent(name.modelId)}`]),
  ];
  return `${levels.join('/')}/?${parameters.join('&')}`;
}

/** The user name of a registration; no question mark here. */
export function formatProvisioningUserName(name: Omit<ProvisioningUserName, 'kind'>): string {
  const clientVersion = name.clientVersion === undefined ? '' : `&ClientVersion=${encodeURIComponent(name.clientVersion)}`;
  return `${name.idScope}/registrations/${name.registrationId}/api-version=${name.apiVersion}${clientVersion}`;
}
