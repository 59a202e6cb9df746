import { type ConnectFields, PacketWriter } from '#wire/mqtt/encode.ts';
import { packetType, type ServerPublish, type Subscription } from '#wire/mqtt/packet.ts';
import { malformedConnects, malformedPackets } from '#wire/mqtt/vectors/malformed-packets.ts';
import { type Facts, type Row, secretMarker } from './hostile-ground.ts';

/** What is sent on one MQTT connection, and every packet that comes back, in order; `end` when the server ends it. */
export type MqttRow = Row & {
  /** As `odd`, by its certificate, when the row begins; otherwise a stranger. */
  readonly isSignedIn: boolean;
  send(facts: Facts): Buffer;
  readonly answer: readonly string[];
};

export function packets(...write: ((writer: PacketWriter) => void)[]): Buffer {
  const writer = new PacketWriter();
  for (const one of write) one(writer);
  return writer.take() ?? Buffer.alloc(0);
}

export const publish = (topic: string, payload: string | Buffer = secretMarker, options: Partial<ServerPublish> = {}) =>
  packets((writer) => writer.publish({ topic, payload, qos: 1, ...options }, options.qos === 0 ? 0 : 7));
export const subscribe = (...filters: string[]) =>
  packets((writer) =>
    writer.subscribe(
      7,
      filters.map((filter): Subscription => ({ filter, qos: 1 })),
    ),
  );

/** A CONNECT that would be good for `keyed`, but for what is said. */
export const connect = ({ hostName, token }: Facts, change: Partial<ConnectFields> = {}) =>
  packets((writer) =>
    writer.connect({
      clientId: 'keyed',
      userName: `${hostName}/keyed/?api-version=2021-04-12`,
      password: Buffer.from(token()),
      keepAliveSeconds: 60,
      cleanSession: true,
      ...change,
    }),
  );

/** The same packet with its protocol written otherwise. */
function withProtocol(facts: Facts, name: string, level: number): Buffer {
  const good = connect(facts);
  const at = good.indexOf('MQTT');
  const rest = Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([level]), good.subarray(at + 5)]);
  return Buffer.concat([Buffer.from([0x10, (rest.length & 0x7f) | 0x80, rest.length >> 7]), rest]);
}

const refused = ['connack 5', 'end'] as const;
const stranger = (
  what: string,
  clause: string,
  reason: string | undefined,
  send: (facts: Facts) => Buffer,
  answer: readonly string[] = refused,
): MqttRow => ({ what, clause, send, answer, isSignedIn: false, ...(reason === undefined ? {} : { reason }) });

const passwordRows: readonly (readonly [what: string, reason: string, password: (facts: Facts) => string])[] = [
  ['a token that is over', 'token-expired', ({ token }) => token({ expirySeconds: 1_500_000_000 })],
  ['a token of another key', 'token-signature', ({ token }) => token({ key: Buffer.alloc(32, 6) })],
  ['a token for another device', 'token-scope', ({ token, hostName }) => token({ resource: `${hostName}/devices/key` })],
  ['a token for another hub', 'token-scope', ({ token }) => token({ resource: 'elsewhere.example/devices/keyed' })],
  ['a token for a module', 'token-scope', ({ token, hostName }) => token({ resource: `${hostName}/devices/keyed/modules/m` })],
  ['a token of a policy that there is not', 'policy-unknown', ({ token }) => token({ keyName: 'nobody' })],
  ['a token without its scope', 'token-malformed', ({ token }) => token().replace(/sr=[^&]+&/, '')],
  ['a token whose expiry stands twice', 'token-malformed', ({ token }) => `${token()}&se=4000000000`],
  ['an expiry of 21 digits', 'token-malformed', ({ token }) => token().replace(/se=\d+/, `se=${'9'.repeat(21)}`)],
  ['a negative expiry', 'token-malformed', ({ token }) => token().replace(/se=/, 'se=-')],
  ['a signature that is no base64', 'token-malformed', ({ token }) => token().replace(/sig=[^&]+/, 'sig=%%%')],
  [
    'a signature of 31 bytes',
    'token-malformed',
    ({ token }) => token().replace(/sig=[^&]+/, `sig=${Buffer.alloc(31).toString('base64')}`),
  ],
  ['a token of 60,000 characters', 'token-malformed', ({ token }) => `${token()}&x=${'y'.repeat(60_000)}`],
  ['a password of zeros', 'token-malformed', () => '\0'.repeat(64)],
  ['no scheme', 'token-malformed', ({ token }) => token().replace('SharedAccessSignature ', '')],
];

const strangers: readonly MqttRow[] = [
  ...malformedConnects.map(
    ({ what, hex, breaks }): MqttRow => stranger(what, breaks.source, undefined, () => bytesOf(hex), ['end']),
  ),
  stranger('level 5', 'hub-device-protocol.md 4.2', undefined, (facts) => withProtocol(facts, 'MQTT', 5), ['connack 1', 'end']),
  stranger('level 3', 'hub-device-protocol.md 4.2', undefined, (facts) => withProtocol(facts, 'MQIsdp', 3), ['connack 1', 'end']),
  stranger('level 132, a bridge’s', 'hub-device-protocol.md 4.2', undefined, (facts) => withProtocol(facts, 'MQTT', 132), [
    'connack 1',
    'end',
  ]),
  stranger('another protocol’s name', 'hub-device-protocol.md 4.2', undefined, (facts) => withProtocol(facts, 'HTTP', 4), [
    'connack 1',
    'end',
  ]),
  stranger(
    'a CONNECT of 81 KiB',
    'hub-device-protocol.md 10',
    undefined,
    (facts) =>
      connect(facts, {
        will: { topic: 't', payload: Buffer.alloc(60_000), qos: 0, retain: false },
        password: Buffer.alloc(30_000),
      }),
    ['end'],
  ),
  stranger('a remaining length of 256 MB', 'MQTT-2.2.3', undefined, () => bytesOf('10 ff ff ff 7f'), ['end']),
  ...passwordRows.map(([what, reason, password]) =>
    stranger(what, 'hub-device-protocol.md 3.1, 4.2', reason, (facts) =>
      connect(facts, { password: Buffer.from(password(facts)) }),
    ),
  ),
  stranger('neither certificate nor password', 'hub-device-protocol.md 4.2', 'credentials-missing', (facts) =>
    packets((writer) =>
      writer.connect({
        clientId: 'keyed',
        userName: `${facts.hostName}/keyed/?api-version=2021-04-12`,
        keepAliveSeconds: 60,
        cleanSession: true,
      }),
    ),
  ),
  stranger('no user name', 'hub-device-protocol.md 4.1', 'user-name-malformed', () =>
    packets((writer) => writer.connect({ clientId: 'keyed', keepAliveSeconds: 60, cleanSession: true })),
  ),
  stranger('no api-version', 'hub-device-protocol.md 4.1', 'api-version-missing', (facts) =>
    connect(facts, { userName: `${facts.hostName}/keyed/?x=1` }),
  ),
  stranger('an api-version that is no date', 'hub-device-protocol.md 4.1', 'api-version-missing', (facts) =>
    connect(facts, { userName: `${facts.hostName}/keyed/?api-version=%2e%2e%2f` }),
  ),
  stranger('five segments', 'hub-device-protocol.md 4.1', 'user-name-malformed', (facts) =>
    connect(facts, { userName: `${facts.hostName}/keyed/m/x/?api-version=2021-04-12` }),
  ),
  stranger('a path upwards for a device', 'hub-device-protocol.md 10', 'client-id-mismatch', (facts) =>
    connect(facts, { userName: `${facts.hostName}/../?api-version=2021-04-12` }),
  ),
  stranger('another hub’s name', 'hub-device-protocol.md 4.1', 'host-refused', (facts) =>
    connect(facts, { userName: 'elsewhere.example/keyed/?api-version=2021-04-12' }),
  ),
  stranger('a client id in other letters', 'hub-device-protocol.md 4.1', 'client-id-mismatch', (facts) =>
    connect(facts, { clientId: 'KEYED' }),
  ),
  stranger('an empty client id', 'hub-device-protocol.md 4.1', 'client-id-mismatch', (facts) => connect(facts, { clientId: '' })),
  stranger('a device that there is not', 'hub-device-protocol.md 4.2', 'device-unknown', (facts) =>
    connect(facts, { clientId: "x'--", userName: `${facts.hostName}/x'--/?api-version=2021-04-12` }),
  ),
  stranger('a device of sixty thousand letters', 'hub-device-protocol.md 10', 'device-unknown', (facts) =>
    connect(facts, { clientId: 'k'.repeat(30_000), userName: `${facts.hostName}/${'k'.repeat(30_000)}/?api-version=2021-04-12` }),
  ),
  stranger('a module that there is not', 'hub-device-protocol.md 4.2', 'device-unknown', (facts) =>
    connect(facts, { clientId: 'keyed/m', userName: `${facts.hostName}/keyed/m/?api-version=2021-04-12` }),
  ),
  stranger('a model id of a thousand letters', 'hub-device-protocol.md 4.1', 'user-name-malformed', (facts) =>
    connect(facts, { userName: `${facts.hostName}/keyed/?api-version=2021-04-12&model-id=${'d'.repeat(1_000)}` }),
  ),
  stranger('a model id that controls', 'hub-device-protocol.md 4.1', 'user-name-malformed', (facts) =>
    connect(facts, { userName: `${facts.hostName}/keyed/?api-version=2021-04-12&model-id=dtmi%0a%1b%5b31m` }),
  ),
  stranger('a will for somebody else', 'hub-device-protocol.md 4.4', 'will-invalid', (facts) =>
    connect(facts, { will: { topic: 'devices/steady/messages/events/', payload: Buffer.from('x'), qos: 1, retain: false } }),
  ),
  stranger('a will of QoS 2', 'hub-device-protocol.md 4.4', 'will-invalid', (facts) =>
    connect(facts, { will: { topic: 'devices/keyed/messages/events/', payload: Buffer.from('x'), qos: 2, retain: false } }),
  ),
];

/** Signed in, so that what is sent is read as a device's. */
const device = (
  what: string,
  clause: string,
  send: (facts: Facts) => Buffer,
  answer: readonly string[],
  reason?: string,
): MqttRow => ({ what, clause, send, answer, isSignedIn: true, ...(reason === undefined ? {} : { reason }) });

const violation = (what: string, clause: string, send: () => Buffer, reason = 'protocol-violation') =>
  device(what, clause, send, ['end'], reason);

/** Two packets at once: the twin's answers are heard, and the request that is wrong. */
const reported = (body: string | Buffer, query = '?$rid=r1') =>
  Buffer.concat([subscribe('$iothub/twin/res/#'), publish(`$iothub/twin/PATCH/properties/reported/${query}`, body)]);
const twinRow = (what: string, clause: string, body: string | Buffer, code: number, query?: string) =>
  device(what, clause, () => reported(body, query), [
    'suback 1',
    'puback',
    `publish $iothub/twin/res/${Math.floor(code / 1000)}/?$rid=r1 ${code}`,
  ]);

const nested = (depth: number, leaf = '1') => `${'{"a":'.repeat(depth)}${leaf}${'}'.repeat(depth)}`;

const devices: readonly MqttRow[] = [
  ...malformedPackets.map(({ what, hex, breaks }) => violation(what, breaks.source, () => bytesOf(hex), reasonOf(what))),
  violation('CONNECT a second time', 'MQTT-3.1.0-2', () => connect({ hostName: 'h', token: () => 't' } as unknown as Facts)),
  violation('QoS 2', 'hub-device-protocol.md 4.4', () => publish('devices/odd/messages/events/', 'x', { qos: 2 })),
  violation(
    'a message of 256 KiB and a byte',
    'hub-device-protocol.md 4.4',
    () => publish('devices/odd/messages/events/', Buffer.alloc(256 * 1024 + 1)),
    'message-too-large',
  ),
  violation(
    '256 KiB with properties on top',
    'hub-device-protocol.md 4.7',
    () => publish('devices/odd/messages/events/a=b', Buffer.alloc(256 * 1024)),
    'message-too-large',
  ),
  violation('a packet of 16 MB', 'hub-device-protocol.md 4.4', () => bytesOf('32 ff ff ff 07'), 'message-too-large'),
  violation('another device’s telemetry', 'hub-device-protocol.md 4.5', () => publish('devices/steady/messages/events/')),
  violation('the device’s own in capitals', 'hub-device-protocol.md 4.5', () => publish('devices/ODD/messages/events/')),
  violation('a path upwards', 'hub-device-protocol.md 4.5', () => publish('devices/odd/../steady/messages/events/')),
  violation('a module’s telemetry', 'hub-device-protocol.md 4.5', () => publish('devices/odd/modules/m/messages/events/')),
  violation('what is sent to devices', 'hub-device-protocol.md 4.5', () => publish('devices/odd/messages/devicebound/x=1')),
  violation('a topic that nobody knows', 'hub-device-protocol.md 4.5', () => publish('$SYS/broker/uptime')),
  violation('a topic of wildcards', 'hub-device-protocol.md 4.5', () => publish('#')),
  violation('desired properties', 'hub-device-protocol.md 4.5', () =>
    publish('$iothub/twin/PATCH/properties/desired/?$rid=1', '{}'),
  ),
  violation('a twin request without an id', 'hub-device-protocol.md 4.5', () => publish('$iothub/twin/GET/')),
  violation(
    '101 filters',
    'hub-device-protocol.md 10',
    () => subscribe(...Array.from({ length: 101 }, (_, i) => `f/${i}`)),
    'message-malformed',
  ),
  device('a filter of everything', 'hub-device-protocol.md 4.5', () => subscribe('#', '+/+', '$SYS/#'), ['suback 128 128 128']),
  device('another device’s messages', 'hub-device-protocol.md 4.5', () => subscribe('devices/steady/messages/devicebound/#'), [
    'suback 128',
  ]),
  device('a filter of 60,000 letters', 'hub-device-protocol.md 4.5', () => subscribe('a'.repeat(60_000)), ['suback 128']),
  device('a PUBACK for nothing', 'MQTT-4.3.2-2', () => bytesOf('40 02 12 34'), []),
  device('UNSUBSCRIBE from nothing', 'MQTT-3.10.4-5', () => packets((writer) => writer.unsubscribe(7, ['never', '$share/a/b'])), [
    'unsuback',
  ]),
  device(
    'a bag of broken escapes',
    'hub-device-protocol.md 4.6',
    () => publish('devices/odd/messages/events/%zz=%&%=%e4&&==&%24.mid=%00'),
    ['puback'],
  ),
  device(
    'a bag that names the prototype',
    'hub-device-protocol.md 4.6',
    () => publish('devices/odd/messages/events/__proto__=x&constructor=y&%24.cdid=steady'),
    ['puback'],
  ),
  device(
    'a bag of 60,000 letters',
    'hub-device-protocol.md 4.6',
    () => publish(`devices/odd/messages/events/${'a=b&'.repeat(15_000)}`),
    ['puback'],
  ),
  device('a result of nothing', 'hub-device-protocol.md 4.9', () => publish('$iothub/methods/res/200/?$rid=none', '{'), [
    'puback',
  ]),
  device(
    'a result whose status is no number',
    'hub-device-protocol.md 4.9',
    () => publish('$iothub/methods/res/0x1f/?$rid=1', '{}'),
    ['puback'],
  ),
  twinRow('a patch that is no JSON', 'hub-device-protocol.md 4.10', '{"a":', 400006),
  twinRow('a patch that is no object', 'hub-device-protocol.md 4.10', '[1]', 400006),
  twinRow('a patch that is no UTF-8', 'hub-device-protocol.md 4.10', Buffer.from('7b2261223a22ff227d', 'hex'), 400006),
  twinRow('eleven levels', 'hub-device-protocol.md 10', nested(11, '{}'), 400004),
  twinRow('twenty thousand levels', 'hub-device-protocol.md 10', nested(20_000), 400006),
  twinRow('a key with a dollar', 'hub-device-protocol.md 4.10', '{"$a":1}', 400004),
  twinRow('an empty key', 'hub-device-protocol.md 10', '{"":1}', 400004),
  twinRow('a key of 1,025 bytes', 'hub-device-protocol.md 10', `{"${'k'.repeat(1_025)}":1}`, 400004),
  twinRow('a string of 4,097 bytes', 'hub-device-protocol.md 10', `{"a":"${'s'.repeat(4_097)}"}`, 400004),
  twinRow('an integer beyond 2^52', 'hub-device-protocol.md 10', '{"a":4503599627370496}', 400004),
  twinRow('a number beyond all', 'hub-device-protocol.md 10', '{"a":1e999}', 400004),
  twinRow(
    '33 KiB of reported properties',
    'hub-device-protocol.md 10',
    JSON.stringify(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 's'.repeat(4_000)]))),
    400004,
  ),
  twinRow('a version that is no number', 'hub-device-protocol.md 4.10', '{}', 412001, '?$rid=r1&$version=NaN'),
  twinRow('a version to come', 'hub-device-protocol.md 4.10', '{}', 412001, '?$rid=r1&$version=999'),
];

export const mqttRows: readonly MqttRow[] = [...strangers, ...devices];

export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** QoS 2 has a word of its own; what the session does not know at all is out of place; the rest is misshapen. */
export function reasonOf(what: string): string {
  return /^a (?:CONNACK|SUBACK)|^an UNSUBACK|PINGRESP|of QoS 2|^packet type/.test(what)
    ? 'protocol-violation'
    : 'message-malformed';
}

export const pingRequest = packets((writer) => writer.empty(packetType.pingreq));
