import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frameOf, no, nothing, uint, yes } from '#test/support/amqp-client.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import { amqpHeader, saslHeader } from '#wire/amqp/sasl.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { PacketWriter } from '#wire/mqtt/encode.ts';
import { packetType } from '#wire/mqtt/packet.ts';
import { serverPackets } from '#wire/mqtt/vectors/server-packets.ts';

export type Protocol = 'mqtt' | 'amqp';

/** A good conversation of one device, in the packets or frames that it consists of. */
export type Session = {
  readonly protocol: Protocol;
  readonly name: string;
  /** The device's id, and what it shows: its certificate, or the token that stands in the packets. */
  readonly deviceId: string;
  readonly shows: 'certificate' | 'token';
  readonly packets: readonly Buffer[];
  /** From here on the session of AMQP is open and answers; from 1 on in MQTT. */
  readonly answersFrom: number;
};

export const hubName = 'hub.example';
export const sessionKey = Buffer.alloc(32, 5);
/** 2100-01-01. */
const expirySeconds = 4_102_444_800;

/** The two devices of a lane: ids of one length, so that one stands in recorded packets where the other stood. */
export function laneDevices(lane: number): { certificate: string; token: string } {
  const two = (number: number) => String(number).padStart(2, '0');
  return { certificate: `recorded-${two(lane)}`, token: `recorded-${two(50 + lane)}` };
}

/** With its signature unescaped, whose length would differ from token to token. */
function tokenOf(deviceId: string): string {
  const token = formatSasToken({ resource: `${hubName}/devices/${deviceId}`, key: sessionKey, expirySeconds });
  return token.replace(/sig=[^&]+/, (part) => decodeURIComponent(part));
}

/** Every conversation, for the devices of one lane. */
export function sessionsOf(lane: number): Session[] {
  const { certificate, token } = laneDevices(lane);
  return [...recorded(certificate, token), everyPacket(token), asCSends(token)];
}

function recorded(certificate: string, token: string): Session[] {
  const text = readFileSync(join(import.meta.dirname, 'recorded-sessions.txt'), 'utf8');
  return text
    .split('# ')
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.trim().split('\n');
      const [protocol, shows] = title.split(' ') as [Protocol, Session['shows']];
      const deviceId = shows === 'token' ? token : certificate;
      const packets = lines.map((line) => renamed(Buffer.from(line, 'hex'), deviceId));
      return { protocol, name: `recorded ${title}`, deviceId, shows, packets, answersFrom: protocol === 'mqtt' ? 1 : 3 };
    });
}

/** Packets keep their lengths. */
function renamed(packet: Buffer, deviceId: string): Buffer {
  const text = packet.toString('latin1').replaceAll(tokenOf('recorded-00'), tokenOf(deviceId));
  return Buffer.from(text.replaceAll('recorded-00', deviceId), 'latin1');
}

/** MQTT packets of every type, those that only a server sends among them. */
function everyPacket(deviceId: string): Session {
  const packets: Buffer[] = [];
  const say = (write: (writer: PacketWriter) => void): void => {
    const writer = new PacketWriter();
    write(writer);
    packets.push(writer.take() ?? Buffer.alloc(0));
  };
  const events = `devices/${deviceId}/messages/events/`;
  say((writer) =>
    writer.connect({
      clientId: deviceId,
      userName: `${hubName}/${deviceId}/?api-version=2021-04-12&model-id=dtmi:com:example:T;1&DeviceClientType=x%2F1`,
      password: Buffer.from(tokenOf(deviceId)),
      keepAliveSeconds: 60,
      cleanSession: true,
      will: { topic: `${events}last=1`, payload: Buffer.from('{"gone":true}'), qos: 1, retain: false },
    }),
  );
  say((writer) =>
    writer.publish({ topic: `${events}%24.ct=application%2Fjson&%24.ce=utf-8&a=b`, payload: '{"t":1}', qos: 0 }, 0),
  );
  say((writer) => writer.publish({ topic: `${events}%24.mid=1&n`, payload: '{"t":2}', qos: 1, retain: true }, 1));
  say((writer) => writer.publish({ topic: events, payload: '{"t":2}', qos: 1, dup: true }, 2));
  say((writer) => writer.publish({ topic: events, payload: Buffer.alloc(3_000, 'x'), qos: 1 }, 3));
  say((writer) => writer.publish({ topic: events, payload: 'twice', qos: 2 }, 4));
  say((writer) =>
    writer.subscribe(
      5,
      [
        '$iothub/twin/res/#',
        '$iothub/methods/POST/#',
        '$iothub/twin/PATCH/properties/desired/#',
        `devices/${deviceId}/messages/devicebound/#`,
      ].map((filter, index) => ({ filter, qos: index % 2 === 0 ? 0 : 1 })),
    ),
  );
  say((writer) => writer.publish({ topic: '$iothub/twin/GET/?$rid=1', payload: ' ', qos: 0 }, 0));
  say((writer) =>
    writer.publish({ topic: '$iothub/twin/PATCH/properties/reported/?$rid=2', payload: '{"a":{"b":[1,null]}}', qos: 1 }, 6),
  );
  say((writer) => writer.publish({ topic: '$iothub/methods/res/200/?$rid=3', payload: '{}', qos: 1 }, 7));
  say((writer) => writer.unsubscribe(8, ['$iothub/methods/POST/#', 'nothing']));
  for (const type of [packetType.puback, packetType.pubrec, packetType.pubrel, packetType.pubcomp])
    say((writer) => writer.acknowledge((type << 4) | (type === packetType.pubrel ? 2 : 0), 9));
  packets.push(...Object.values(serverPackets));
  say((writer) => writer.empty(packetType.pingreq));
  say((writer) => writer.empty(packetType.disconnect));
  return { protocol: 'mqtt', name: 'every packet', deviceId, shows: 'token', packets, answersFrom: 1 };
}

/** SASL, claims, a batch, a message in several frames, a twin, a queue and a method, as the SDK for C shapes them. */
function asCSends(deviceId: string): Session {
  const terminus = (code: number, address: string) => encode.described(code, encode.list([encode.string(address)]));
  const attach = (handle: number, isSender: boolean, address: string, rcvSettleMode = 0): Buffer => {
    const own = isSender ? '' : address;
    return frameOf(performative.attach, [
      encode.string(`l${handle}`),
      uint(handle),
      isSender ? no : yes,
      encode.ubyte(0),
      encode.ubyte(rcvSettleMode),
      terminus(0x28, own),
      terminus(0x29, isSender ? address : ''),
      nothing,
      no,
      isSender ? uint(0) : nothing,
      encode.ulong(65_536),
      nothing,
      nothing,
      encode.map([[encode.symbol('com.microsoft:client-version'), encode.string('c')]]),
    ]);
  };
  const transfer = (handle: number, id: number, payload: Buffer, { format = 0, isMore = false } = {}) =>
    frameOf(
      performative.transfer,
      [uint(handle), uint(id), encode.binary(Buffer.from([id])), uint(format), no, isMore ? yes : no],
      { payload },
    );
  const flow = (handle: number) =>
    frameOf(performative.flow, [uint(0), uint(100), uint(0), uint(100), uint(handle), uint(0), uint(10)]);
  const message = (body: string) =>
    encodeMessage({
      properties: { messageId: encode.string(body), contentType: encode.symbol('application/json') },
      application: [['a', encode.string('b')]],
      data: Buffer.from(body),
    });
  const batch = Buffer.concat(['1', '2', '3'].map((body) => encode.described(0x75, encode.binary(message(body)))));
  const putToken = encodeMessage({
    properties: { messageId: encode.ulong(0) },
    application: [
      ['operation', encode.string('put-token')],
      ['type', encode.string('servicebus.windows.net:sastoken')],
      ['name', encode.string(`${hubName}/devices/${deviceId}`)],
    ],
    value: encode.string(tokenOf(deviceId)),
  });
  const twinRequest = (operation: string, body: string) =>
    encodeMessage({
      annotations: [
        ['operation', encode.string(operation)],
        ...(operation === 'PATCH' ? [['resource', encode.string('/properties/reported')] as [string, Buffer]] : []),
      ],
      properties: { correlationId: encode.uuid(Buffer.alloc(16, 7)) },
      data: Buffer.from(body),
    });
  const own = `/devices/${deviceId}`;
  const packets = [
    Buffer.concat([saslHeader, frameOf(performative.saslInit, [encode.symbol('MSSBCBS')], { type: 1 })]),
    amqpHeader,
    frameOf(performative.open, [encode.string('c'), encode.string(hubName), uint(65_536), nothing, uint(240_000)]),
    frameOf(performative.begin, [nothing, uint(0), uint(2_147_483_647), uint(100)]),
    attach(0, true, '$cbs'),
    attach(1, false, '$cbs'),
    flow(1),
    transfer(0, 0, putToken),
    attach(2, true, `${own}/messages/events`),
    transfer(2, 1, batch, { format: 0x80013700 }),
    transfer(2, 2, message('long').subarray(0, 20), { isMore: true }),
    frameOf(performative.transfer, [uint(2), nothing, nothing, nothing, no, no], { payload: message('long').subarray(20) }),
    attach(3, false, `${own}/messages/devicebound`, 1),
    flow(3),
    attach(4, true, `${own}/twin`),
    attach(5, false, `${own}/twin`),
    flow(5),
    transfer(4, 3, twinRequest('GET', ' ')),
    transfer(4, 4, twinRequest('PATCH', '{"a":{"b":[1,null]}}')),
    attach(6, true, `${own}/methods/devicebound`),
    attach(7, false, `${own}/methods/devicebound`),
    flow(7),
    transfer(
      6,
      5,
      encodeMessage({
        properties: { correlationId: encode.uuid(Buffer.alloc(16, 9)) },
        application: [['IoThub-status', encode.int(200)]],
        data: Buffer.from('{}'),
      }),
    ),
    frameOf(performative.disposition, [yes, uint(0), uint(1), yes, encode.described(0x24, encode.list([]))]),
    frameOf(performative.detach, [uint(7), yes]),
    frameOf(performative.end, []),
    frameOf(performative.close, []),
  ];
  return { protocol: 'amqp', name: 'as C sends', deviceId, shows: 'token', packets, answersFrom: 4 };
}
