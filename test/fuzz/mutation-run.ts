import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { frameOf, no, nothing, uint, yes } from '#test/support/amqp-client.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { isWhole, mutate } from './mutate.ts';
import type { Protocol, Session } from './sessions.ts';

export type Target = {
  readonly address: string;
  readonly ca: string;
  readonly ports: Readonly<Record<Protocol, number>>;
  /** What each device that signs in by certificate signs in with. */
  readonly identities: ReadonlyMap<string, { cert: string; key: string }>;
};

export type RunOptions = {
  readonly target: Target;
  readonly seed: string;
  /** The conversations of each lane, whose devices are its own: so many connections are open at once. */
  readonly lanes: readonly (readonly Session[])[];
};

/** A case whose connection was neither answered nor ended. */
export type Stuck = { readonly name: string; readonly sent: readonly string[]; readonly error: string };

/** Of one connection: it goes on while the server bears what is sent. */
const mutationsPerCase = 16;
const answerMsMax = 120_000;
const ping = Buffer.from('c000', 'hex');
/** Asks how the session stands; the answer comes behind that to all before. */
const echo = frameOf(performative.flow, [uint(0), uint(1000), uint(0), uint(1000), nothing, nothing, nothing, nothing, no, yes]);

/**
 * Sends mutated packets to a server that runs, a case for each connection: it begins with a good conversation and goes on
 * with mutated packets of it, each behind the answer to what was before, until the connection is over. What case number n of
 * a protocol sends follows from the seed and n alone.
 */
export class MutationRun {
  readonly #options: RunOptions;
  readonly #cases: Record<Protocol, number> = { mqtt: 0, amqp: 0 };
  readonly mutated: Record<Protocol, number> = { mqtt: 0, amqp: 0 };
  readonly connections: Record<Protocol, number> = { mqtt: 0, amqp: 0 };
  /** Mutated packets that did not end their connection. */
  borne = 0;
  readonly stuck: Stuck[] = [];
  /** What TLS needs to know again, by port and certificate: most handshakes are short ones, as real clients' are. */
  readonly #contexts = new Map<string, SecureContext>();
  readonly #tickets = new Map<string, Buffer>();
  /** Names of the cases under way. */
  readonly underWay = new Set<string>();

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** Until so many mutated packets of each protocol were sent in all. */
  async until(count: number): Promise<void> {
    const lane = async (number: number) => {
      for (const protocol of number % 2 === 0 ? (['mqtt', 'amqp'] as const) : (['amqp', 'mqtt'] as const))
        while (this.mutated[protocol] < count && this.stuck.length === 0)
          await this.run(protocol, this.#cases[protocol]++, number);
    };
    await Promise.all(this.#options.lanes.map((_, number) => lane(number)));
  }

  /** One case, in the name of the lane's devices. */
  async run(protocol: Protocol, number: number, lane = 0): Promise<void> {
    const { seed, lanes } = this.#options;
    const name = `${protocol}/${number}`;
    const random = seededRandom(`${seed}/${name}`);
    const below = (limit: number): number => Math.floor(random.fraction() * limit);
    const sessions = (lanes[lane] ?? []).filter((session) => session.protocol === protocol);
    const session = sessions[below(sessions.length)];
    if (!session) throw new Error(`There is no conversation of ${protocol}.`);
    this.underWay.add(name);
    const sent: string[] = [];
    try {
      const line = await this.#dial(session, lane);
      this.connections[protocol] += 1;
      const { packets, answersFrom } = session;
      const first = below(packets.length);
      for (const packet of packets.slice(0, first)) line.send(packet);
      const isAnswered = first >= answersFrom;
      for (let i = 0; i < mutationsPerCase && !line.isOver; i++) {
        const packet = packets[i === 0 ? first : below(packets.length)] ?? ping;
        const bytes = mutate(protocol, packet, packets, below);
        sent.push(bytes.toString('hex'));
        this.mutated[protocol] += 1;
        // What is not whole is waited for without end, and what is no session yet does not answer.
        const canAnswer = isWhole(protocol, bytes) && (protocol === 'mqtt' || isAnswered);
        line.send(bytes);
        if (!canAnswer) break;
        if (await line.answered(protocol === 'mqtt' ? ping : echo)) this.borne += 1;
      }
      await line.end();
    } catch (error) {
      this.stuck.push({ name: `${name}: ${session.name}`, sent, error: String(error) });
    } finally {
      this.underWay.delete(name);
    }
  }

  async #dial({ protocol, shows, deviceId }: Session, lane: number): Promise<Line> {
    const { address, ca, ports, identities } = this.#options.target;
    const key = `${protocol} ${shows === 'certificate' ? deviceId : 'nobody'}`;
    const shown = shows === 'certificate' ? identities.get(deviceId) : undefined;
    const secureContext = this.#contexts.get(key) ?? createSecureContext({ ca, ...shown });
    this.#contexts.set(key, secureContext);
    const session = this.#tickets.get(key);
    // An address for each lane: connections that are over keep their ports for a minute.
    const from = { host: address, port: ports[protocol], servername: '', localAddress: `127.11.0.${1 + lane}` };
    const socket = connect({ ...from, secureContext, ...(session && { session }) });
    socket.on('session', (ticket) => this.#tickets.set(key, ticket));
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    return new Line(socket, protocol);
  }
}

/** One connection; counts answers to the question that is sent behind each mutated packet. */
class Line {
  readonly #socket: TLSSocket;
  isOver = false;
  #answers = 0;
  #rest: Buffer = Buffer.alloc(0);
  #wake = Promise.withResolvers<void>();

  constructor(socket: TLSSocket, protocol: Protocol) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const over = () => {
      this.isOver = true;
      this.#tell();
    };
    socket.once('end', over);
    socket.once('close', over);
    let isPastHeader = protocol === 'mqtt';
    socket.on('data', (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      for (;;) {
        const size = isPastHeader ? sizeOf(protocol, this.#rest) : this.#rest.length < 8 ? undefined : 8;
        if (size === undefined || this.#rest.length < size) break;
        // Behind SASL comes another header, which reads as no frame.
        if (isPastHeader && isAnswer(protocol, this.#rest.subarray(0, size))) this.#answers += 1;
        isPastHeader = true;
        this.#rest = this.#rest.subarray(size);
      }
      this.#tell();
    });
  }

  send(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Whether the question was answered; not, when the connection is over. */
  async answered(question: Buffer): Promise<boolean> {
    const before = this.#answers;
    this.send(question);
    await this.#until(() => this.#answers > before);
    return !this.isOver;
  }

  /** Ends our half; the server has the other one. */
  async end(): Promise<void> {
    this.#socket.end();
    await this.#until(() => this.#socket.closed);
    this.#socket.destroy();
  }

  async #until(isEnough: () => boolean): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('The server neither answered nor ended the connection.')), answerMsMax);
    try {
      while (!isEnough() && !(this.isOver && !this.#socket.writable)) await Promise.race([this.#wake.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

function sizeOf(protocol: Protocol, bytes: Buffer): number | undefined {
  if (protocol === 'amqp') {
    if (bytes.length < 8) return undefined;
    return bytes.toString('latin1', 0, 4) === 'AMQP' ? 8 : bytes.readUInt32BE(0);
  }
  let length = 0;
  for (let at = 1; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (at - 1);
    if (byte < 128) return at + 1 + length;
  }
  return undefined;
}

/** PINGRESP, or a flow of the session and of no link: it has as many fields as stand before the handle's. */
function isAnswer(protocol: Protocol, packet: Buffer): boolean {
  if (protocol === 'mqtt') return packet[0] === 0xd0;
  return packet[9] === 0x53 && packet[10] === performative.flow && !hasHandle(packet);
}

function hasHandle(flow: Buffer): boolean {
  // A short list has its count in the third byte, a long one in the fourth word; then come four numbers.
  let at = flow[11] === 0xc0 ? 14 : 20;
  const count = flow[11] === 0xc0 ? (flow[13] ?? 0) : flow.readUInt32BE(16);
  if (count < 5) return false;
  for (let field = 0; field < 4; field++) {
    const code = flow[at] ?? 0;
    at += code === 0x70 ? 5 : code === 0x52 ? 2 : 1;
  }
  return flow[at] !== 0x40;
}
