import type { Platform } from '#base/platform.ts';
import type { ClientConnection } from '#wire/mqtt/client-connection.ts';
import { subscriptionRefused } from '#wire/mqtt/packet.ts';
import { openLocalClient } from '../broker/local-client.ts';
import { stayConnected } from '../broker/stay-connected.ts';
import type { ServiceHealth } from '../health/service-health.ts';
import type { MapperRules } from './mapper-rules.ts';
import { MapperSession } from './mapper-session.ts';

export type MapperOptions = {
  readonly rules: MapperRules;
  readonly health: ServiceHealth;
  /** The local broker, whichever it is. */
  readonly host: string;
  readonly port: number;
  /** Names the session that the broker keeps while the mapper is away. */
  readonly clientId: string;
};

/**
 * The mapper for the hub: a client of the local broker that translates what devices say there into what the bridge carries. It
 * connects again for as long as it runs.
 */
export class Mapper {
  readonly #platform: Platform;
  readonly #options: MapperOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #current: { readonly session: MapperSession; readonly connection: ClientConnection } | undefined;

  constructor(platform: Platform, options: MapperOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  start(): void {
    this.#running ??= stayConnected(this.#platform, {
      name: 'mapper',
      stopping: this.#stopping.signal,
      connect: () => this.#connect(),
    });
  }

  /** Says that it goes down, and ends the connection once the broker has heard it. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.session.farewell();
    this.#current?.connection.session.disconnect();
    await this.#running;
  }

  async #connect(): Promise<ClientConnection> {
    const { host, port, clientId, rules, health } = this.#options;
    const session = new MapperSession(this.#platform, { rules, health });
    const connection = await openLocalClient({
      clock: this.#platform.clock,
      host,
      port,
      clientId,
      cleanSession: false,
      will: health.will,
      acknowledgesLater: true,
      onMessage: (publish) => session.receive(publish),
      onOversize: (publish) => session.receiveOversize(publish),
      signal: this.#stopping.signal,
    });
    this.#current = { session, connection };
    void connection.closed.then(() => {
      if (this.#current?.connection === connection) this.#current = undefined;
    });
    this.#platform.log.info('mapper.connected', { host, port, isSessionPresent: connection.isSessionPresent });
    session.open(connection.session);
    this.#subscribe(connection, () => session.sayUp());
    return connection;
  }

  /** One filter a packet: a broker may take only so many in one. */
  #subscribe({ session }: ClientConnection, onGranted: () => void): void {
    const { rules, health } = this.#options;
    const filters = [...new Set([...rules.filters, ...health.checkTopics, ...health.legacyCheckTopics])];
    for (const [index, filter] of filters.entries()) {
      session.subscribe([{ filter, qos: 1 }], ([code]) => {
        if (code === subscriptionRefused) this.#platform.log.warn('mapper.subscription-refused', { filter });
        if (index === filters.length - 1) onGranted();
      });
    }
  }
}
