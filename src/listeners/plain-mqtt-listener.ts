import { createServer, type Server, type Socket } from 'node:net';
import { AddressCounter } from './address-counter.ts';
import { listen, stopListening } from './listen.ts';
import { MqttSessions, type MqttSessionsOptions } from './mqtt-sessions.ts';

export type PlainMqttListenerOptions = MqttSessionsOptions & { readonly address: string; readonly port: number };

/** MQTT without TLS: for programs of the same machine, on loopback. Nobody has a certificate here. */
export class PlainMqttListener {
  readonly #options: PlainMqttListenerOptions;
  readonly #server: Server;
  readonly #sessions: MqttSessions;

  constructor(options: PlainMqttListenerOptions) {
    this.#options = options;
    this.#sessions = new MqttSessions(options);
    this.#server = createServer({ noDelay: true });
    this.#server.maxConnections = options.limits.connectionsMax;
    const addresses = new AddressCounter(options.limits.connectionsPerAddressMax);
    this.#server.on('connection', (socket: Socket) => {
      socket.on('error', () => socket.destroy());
      if (!addresses.admit(socket)) {
        socket.destroy();
        return;
      }
      this.#sessions.open(socket, {
        remoteAddress: socket.remoteAddress ?? '',
        remotePort: socket.remotePort ?? 0,
        serverName: undefined,
        tlsVersion: '',
        certificates: [],
        trackingId: options.platform.random.uuid(),
      });
    });
  }

  /** Resolves with the port that was bound; throws when it cannot be. */
  async start(): Promise<number> {
    const port = await listen(this.#server, this.#options.address, this.#options.port);
    this.#sessions.start();
    return port;
  }

  async stop(): Promise<void> {
    const stopped = stopListening(this.#server);
    this.#sessions.stop();
    await stopped;
  }
}
