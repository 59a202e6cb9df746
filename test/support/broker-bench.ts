import { type BrokerLimits, brokerLimits } from '#hub/broker/limits.ts';
import { decodeSuback, PublishView } from '#wire/mqtt/decode.ts';
import { type ConnectFields, PacketWriter } from '#wire/mqtt/encode.ts';
import { packetType, type Qos, type ServerPublish } from '#wire/mqtt/packet.ts';
import { PacketReader } from '#wire/mqtt/packet-reader.ts';
import { type CloseReason, MqttServerSession } from '#wire/mqtt/server-session.ts';
import { openHubBench, settled, until } from './hub-bench.ts';

type PacketName = keyof typeof packetType;

export type SeenPacket = {
  name: PacketName;
  /** CONNACK: its flag and code. */
  isPresent?: boolean;
  code?: number;
  packetId?: number;
  /** SUBACK. */
  codes?: number[];
  /** PUBLISH. */
  topic?: string;
  body?: string;
  qos?: Qos;
  retain?: boolean;
  dup?: boolean;
};

/** A hub in memory with its broker door, and clients that say every packet themselves. */
export async function openBrokerBench(limits: Partial<BrokerLimits> = {}) {
  const bench = await openHubBench({ broker: { ...brokerLimits, ...limits } });

  /** CONNECT as the device, by its certificate; resolves when it is answered. */
  async function connect(deviceId: string, options: Partial<ConnectFields> = {}) {
    const client = dial(deviceId, options);
    await until('CONNECT is answered', () => client.packets.length > 0 || client.closed !== undefined);
    return client;
  }

  function dial(deviceId: string, options: Partial<ConnectFields> = {}) {
    const surface = bench.hub.brokerMqtt;
    if (!surface) throw new Error('There is no broker.');
    const own = bench.ownCertificates.get(deviceId);
    const peer = {
      remoteAddress: '192.0.2.8',
      remotePort: 40_000,
      serverName: undefined,
      tlsVersion: 'TLSv1.3',
      certificates: own && options.password === undefined ? [own.der] : [],
      trackingId: 'track-2',
    };
    const packets: SeenPacket[] = [];
    let closed: CloseReason | undefined;
    const flush = (): void => {
      const output = server.takeOutput();
      if (output) reader.feed(output);
    };
    const server: MqttServerSession = new MqttServerSession({
      nowMs: () => bench.clock.monotonic(),
      onConnect: (packet) => surface.open({ session: server, peer }, packet),
      onOutput: () => queueMicrotask(flush),
      onClose(reason) {
        closed = reason;
        flush();
      },
    });
    const reader = new PacketReader((buffer, first, start, end) => {
      packets.push(readPacket(buffer, first, start, end));
      return true;
    }, 2 ** 28);
    const say = (write: (writer: PacketWriter) => void): void => {
      const writer = new PacketWriter();
      write(writer);
      const bytes = writer.take();
      if (bytes) server.receive(bytes);
    };
    const client = {
      server,
      packets,
      get closed(): CloseReason | undefined {
        return closed;
      },
      say,
      /** Takes the next packet of that name out of what arrived. */
      async next(name: PacketName): Promise<SeenPacket> {
        await until(`${name} arrives`, () => packets.some((packet) => packet.name === name));
        const [found] = packets.splice(
          packets.findIndex((packet) => packet.name === name),
          1,
        );
        if (!found) throw new Error('unreachable');
        return found;
      },
      /** What arrived, once everything that is ready has run. */
      async quiet(name: PacketName): Promise<SeenPacket[]> {
        await settled();
        return packets.filter((packet) => packet.name === name);
      },
      publish: (topic: string, body: string | Buffer, options: Partial<ServerPublish> & { packetId?: number } = {}) =>
        say((writer) => {
          const { packetId = 1, ...flags } = options;
          writer.publish({ topic, payload: body, qos: 0, ...flags }, flags.qos ? packetId : 0);
        }),
      acknowledge: (name: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number) =>
        say((writer) => writer.acknowledge((packetType[name] << 4) | (name === 'pubrel' ? 2 : 0), packetId)),
      async subscribe(...filters: (string | [string, Qos])[]): Promise<number[]> {
        const asked = filters.map((filter) => (typeof filter === 'string' ? ([filter, 0] as const) : filter));
        say((writer) =>
          writer.subscribe(
            9,
            asked.map(([filter, qos]) => ({ filter, qos })),
          ),
        );
        return (await client.next('suback')).codes ?? [];
      },
      async unsubscribe(...filters: string[]): Promise<void> {
        say((writer) => writer.unsubscribe(9, filters));
        await client.next('unsuback');
      },
      disconnect: () => say((writer) => writer.empty(packetType.disconnect)),
      /** The line breaks. */
      cut: () => server.endOfInput(),
    };
    say((writer) => writer.connect({ clientId: deviceId, keepAliveSeconds: 60, cleanSession: true, ...options }));
    return client;
  }

  return {
    ...bench,
    connect,
    dial,
    async addDevices(...deviceIds: string[]): Promise<void> {
      for (const deviceId of deviceIds) await bench.addDevice(deviceId);
    },
  };
}

export type BrokerBench = Awaited<ReturnType<typeof openBrokerBench>>;
export type BrokerClient = Awaited<ReturnType<BrokerBench['connect']>>;

export function readPacket(buffer: Buffer, first: number, start: number, end: number): SeenPacket {
  const type = first >> 4;
  const name = (Object.keys(packetType) as PacketName[]).find((each) => packetType[each] === type);
  if (!name) throw new Error(`packet type ${type}`);
  if (name === 'connack') return { name, isPresent: buffer[start] === 1, code: buffer[start + 1] ?? -1 };
  if (name === 'suback') return { name, ...decodeSuback(buffer, first, start, end) };
  if (name !== 'publish') return end - start < 2 ? { name } : { name, packetId: buffer.readUInt16BE(start) };
  const view = new PublishView();
  view.read(buffer, first, start, end);
  const { topic, qos, retain, dup, packetId, payload } = view;
  return { name, topic, qos, retain, dup, packetId, body: payload.toString() };
}
