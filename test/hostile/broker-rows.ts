import { malformedConnects, malformedPackets } from '#wire/mqtt/vectors/malformed-packets.ts';
import type { Facts } from './hostile-ground.ts';
import { bytesOf, connect, type MqttRow, packets, publish, reasonOf, subscribe } from './mqtt-rows.ts';

const client = (
  what: string,
  clause: string,
  send: (facts: Facts) => Buffer,
  answer: readonly string[],
  reason?: string,
): MqttRow => ({
  what,
  clause,
  send,
  answer,
  isSignedIn: true,
  ...(reason === undefined ? {} : { reason }),
});
const violation = (what: string, clause: string, send: () => Buffer, reason = 'protocol-violation') =>
  client(what, clause, send, ['end'], reason);
const stranger = (
  what: string,
  clause: string,
  reason: string | undefined,
  send: (facts: Facts) => Buffer,
  answer: readonly string[] = ['connack 5', 'end'],
): MqttRow => ({ what, clause, send, answer, isSignedIn: false, ...(reason === undefined ? {} : { reason }) });

const levels = (count: number) => Array.from({ length: count }, () => 'l').join('/');
/** QoS 2 is spoken here: its packets are no violation. */
const isOfQos2 = ({ what }: { what: string }): boolean => what.includes('of QoS 2');

export const brokerRows: readonly MqttRow[] = [
  ...malformedConnects.map(({ what, hex, breaks }) => stranger(what, breaks.source, undefined, () => bytesOf(hex), ['end'])),
  stranger('an empty client id', 'MQTT-3.1.3-8', undefined, (facts) => connect(facts, { clientId: '', cleanSession: false }), [
    'connack 2',
    'end',
  ]),
  stranger('a client id that no device can have', 'hub-device-protocol.md 10', 'client-id-mismatch', (facts) =>
    connect(facts, { clientId: 'a/b' }),
  ),
  stranger('the user name of somebody else', 'MQTT-3.2.2-5', 'user-name-malformed', (facts) =>
    connect(facts, { userName: 'odd' }),
  ),
  stranger('another hub’s name', 'MQTT-3.2.2-5', 'host-refused', (facts) =>
    connect(facts, { userName: 'elsewhere.example/keyed/?api-version=2021-04-12' }),
  ),
  stranger('a token of another key', 'MQTT-3.2.2-5', 'token-signature', (facts) =>
    connect(facts, { password: Buffer.from(facts.token({ key: Buffer.alloc(32) })) }),
  ),
  stranger('a token that is over', 'MQTT-3.2.2-5', 'token-expired', (facts) =>
    connect(facts, { password: Buffer.from(facts.token({ expirySeconds: 1 })) }),
  ),
  stranger('a token at a device of certificates', 'MQTT-3.2.2-5', 'credential-type-mismatch', (facts) =>
    connect(facts, { clientId: 'odd', userName: 'odd' }),
  ),
  stranger('a will to wildcards', 'MQTT-3.3.2-2', 'will-invalid', (facts) =>
    connect(facts, { will: { topic: 'a/#', payload: Buffer.from('x'), qos: 0, retain: false } }),
  ),
  stranger('a will in another’s telemetry', 'hub-device-protocol.md 4.5', 'will-invalid', (facts) =>
    connect(facts, { will: { topic: 'devices/odd/messages/events/', payload: Buffer.from('x'), qos: 1, retain: false } }),
  ),

  ...malformedPackets
    .filter((packet) => !isOfQos2(packet))
    .map(({ what, hex, breaks }) => violation(what, breaks.source, () => bytesOf(hex), reasonOf(what))),
  violation('a topic of wildcards', 'MQTT-3.3.2-2', () => publish('a/+/b')),
  violation('a topic of 129 levels', 'MQTT-4.7.3', () => publish(levels(129))),
  violation('another device’s telemetry', 'hub-device-protocol.md 4.5', () => publish('devices/keyed/messages/events/')),
  violation(
    'a message of 256 KiB and a byte',
    'hub-device-protocol.md 4.4',
    () => publish('t', Buffer.alloc(256 * 1024 + 1)),
    'message-too-large',
  ),
  violation('a PUBREL without its flags', 'MQTT-3.6.1-1', () => bytesOf('60 02 00 01'), 'message-malformed'),
  violation('a PUBREC with packet id 0', 'MQTT-2.3.1-1', () => bytesOf('50 02 00 00'), 'message-malformed'),
  violation(
    '101 filters',
    'hub-device-protocol.md 10',
    () => subscribe(...Array.from({ length: 101 }, (_, i) => `f/${i}`)),
    'message-malformed',
  ),
  client('a PUBREL for nothing', 'MQTT-4.3.3-2', () => bytesOf('62 02 00 63'), ['pubcomp']),
  client('a PUBREC for nothing', 'MQTT-4.3.3-1', () => bytesOf('50 02 00 63'), ['pubrel']),
  client('a PUBCOMP for nothing', 'MQTT-4.3.3-1', () => bytesOf('70 02 00 63'), []),
  client('a filter of 129 levels', 'MQTT-3.8.4-5', () => subscribe(levels(129)), ['suback 128']),
  client('a filter of 1,025 bytes', 'MQTT-3.8.4-5', () => subscribe('a'.repeat(1_025)), ['suback 128']),
  client('a message of no bytes that is retained', 'MQTT-3.3.1-10', () => publish('nothing/here', '', { retain: true }), [
    'puback',
  ]),
  client('a topic of slashes alone', 'MQTT-4.7.3', () => publish('////'), ['puback']),
  client('UNSUBSCRIBE from nothing', 'MQTT-3.10.4-5', () => packets((writer) => writer.unsubscribe(7, ['never', '#'])), [
    'unsuback',
  ]),
];
