import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';

/** A connection string of a device, a module, or a shared access policy of a hub or provisioning service. */
export type ConnectionString = {
  readonly hostName: string;
  readonly deviceId?: string;
  readonly moduleId?: string;
  readonly gatewayHostName?: string;
  readonly sharedAccessKeyName?: string;
  readonly sharedAccessKey?: Secret;
  readonly sharedAccessSignature?: Secret;
  /** The device proves itself with a certificate. */
  readonly isX509?: boolean;
};

const textBytesMax = 8_192;
const segmentNames = [
  'HostName',
  'DeviceId',
  'ModuleId',
  'GatewayHostName',
  'SharedAccessKeyName',
  'SharedAccessKey',
  'SharedAccessSignature',
  'x509',
] as const;
type SegmentName = (typeof segmentNames)[number];
const nameOfLowerCase = new Map<string, SegmentName>(segmentNames.map((name) => [name.toLowerCase(), name]));

/**
 * Reads `Name=value;Name=value`: names in any order and letter case, each segment split at its first
 * `=`, so that base64 keeps its padding. Throws Problem `malformed`, which quotes names but no values.
 */
export function parseConnectionString(text: string): ConnectionString {
  if (text.length > textBytesMax) throw malformed(`it is longer than ${textBytesMax} characters`);
  const values = new Map<SegmentName, string>();
  for (const segment of text.split(';')) {
    if (segment.trim() === '') continue;
    const at = segment.indexOf('=');
    if (at <= 0) throw malformed('a segment is not of the form Name=value');
    const name = nameOfLowerCase.get(segment.slice(0, at).trim().toLowerCase());
    if (name === undefined) throw malformed('it has a segment that is not known here');
    if (values.has(name)) throw malformed(`${name} stands in it twice`);
    const value = segment.slice(at + 1).trim();
    if (value === '') throw malformed(`${name} is empty`);
    values.set(name, value);
  }
  const hostName = values.get('HostName');
  if (hostName === undefined) throw malformed('HostName is missing');
  const deviceId = values.get('DeviceId');
  const moduleId = values.get('ModuleId');
  if (moduleId !== undefined && deviceId === undefined) throw malformed('ModuleId stands in it without DeviceId');
  const x509 = values.get('x509');
  if (x509 !== undefined && !/^(?:true|false)$/i.test(x509)) throw malformed('x509 is true or false');
  const gatewayHostName = values.get('GatewayHostName');
  const sharedAccessKeyName = values.get('SharedAccessKeyName');
  const key = values.get('SharedAccessKey');
  const signature = values.get('SharedAccessSignature');
  return {
    hostName,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(moduleId === undefined ? {} : { moduleId }),
    ...(gatewayHostName === undefined ? {} : { gatewayHostName }),
    ...(sharedAccessKeyName === undefined ? {} : { sharedAccessKeyName }),
    ...(key === undefined ? {} : { sharedAccessKey: new Secret(key) }),
    ...(signature === undefined ? {} : { sharedAccessSignature: new Secret(signature) }),
    ...(x509 === undefined ? {} : { isX509: x509.toLowerCase() === 'true' }),
  };
}

/** Writes the segments in the order the cloud's portal shows them. The result holds the secrets. */
export function formatConnectionString(value: ConnectionString): string {
  const segments: [SegmentName, string | undefined][] = [
    ['HostName', value.hostName],
    ['DeviceId', value.deviceId],
    ['ModuleId', value.moduleId],
    ['GatewayHostName', value.gatewayHostName],
    ['SharedAccessKeyName', value.sharedAccessKeyName],
    ['SharedAccessKey', value.sharedAccessKey?.reveal()],
    ['SharedAccessSignature', value.sharedAccessSignature?.reveal()],
    ['x509', value.isX509 === undefined ? undefined : String(value.isX509)],
  ];
  const present = segments.filter((segment): segment is [SegmentName, string] => segment[1] !== undefined);
  if (present.some(([, text]) => text.includes(';'))) {
    throw new Problem('argument-invalid', 'A value with a semicolon cannot stand in a connection string.');
  }
  return present.map(([name, text]) => `${name}=${text}`).join(';');
}

function malformed(detail: string): Problem {
  return new Problem('malformed', `This is no connection string: ${detail}.`);
}
