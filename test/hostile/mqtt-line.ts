import type { Duplex } from 'node:stream';
import { readPacket, type SeenPacket } from '#test/support/broker-bench.ts';
import { PacketReader } from '#wire/mqtt/packet-reader.ts';
import { inTime } from './hostile-ground.ts';
import { pingRequest } from './mqtt-rows.ts';

/** One MQTT connection that sends any bytes, and what comes back, in words. */
export class MqttLine {
  readonly #stream: Duplex;
  readonly #seen: string[] = [];
  readonly #reader: PacketReader;
  #wake = Promise.withResolvers<void>();

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#reader = new PacketReader((buffer, first, start, end) => {
      this.#note(describe(readPacket(buffer, first, start, end)));
      return true;
    }, 2 ** 28);
    stream.on('data', (chunk: Buffer) => this.#reader.feed(chunk));
    stream.on('error', () => {});
    stream.once('end', () => this.#note('end'));
    stream.once('close', () => this.#note('end'));
  }

  /** Sends, and gives what comes until the connection ends, or the ping behind it and so many packets have come: some wait for the disk. */
  async ask(bytes: Buffer, count: number): Promise<string[]> {
    this.#seen.length = 0;
    this.#stream.write(bytes);
    // Into a connection that the server has ended it goes unread.
    if (this.#stream.writable) this.#stream.write(pingRequest);
    const isAnswered = () => this.#seen.includes('end') || (this.#seen.includes('pingresp') && this.#seen.length > count);
    await inTime(
      (async () => {
        while (!isAnswered()) await this.#wake.promise;
      })(),
      () => this.#seen,
    );
    return this.#seen.filter((packet) => packet !== 'pingresp');
  }

  close(): void {
    this.#stream.destroy();
  }

  #note(what: string): void {
    if (!this.#seen.includes('end')) this.#seen.push(what);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

function describe({ name, code, codes, topic, body }: SeenPacket): string {
  if (name === 'connack') return `connack ${code}`;
  if (name === 'suback') return `suback ${codes?.join(' ')}`;
  if (name !== 'publish') return name;
  const errorCode = /"errorCode":(\d+)/.exec(body ?? '')?.[1];
  return [name, topic, ...(errorCode === undefined ? [] : [errorCode])].join(' ');
}
