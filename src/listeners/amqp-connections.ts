import type { Duplex } from 'node:stream';
import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { AmqpConnection } from '#wire/amqp/connection.ts';
import type { AmqpHandler } from '#wire/amqp/handler.ts';
import { defaultAmqpLimits } from '#wire/amqp/limits.ts';
import type { PlainCredentials } from '#wire/amqp/sasl.ts';
import { countConnections } from './count-connections.ts';
import { type AmqpTarget, chooseAmqp } from './host-table.ts';
import type { ListenerLimits } from './limits.ts';
import type { AmqpArrival, AmqpSurface, Peer } from './surface.ts';

export type AmqpConnectionsOptions = {
  readonly platform: Platform;
  readonly limits: ListenerLimits;
  readonly amqp: Readonly<Record<AmqpTarget, AmqpSurface>>;
};

/** One wheel for all connections: a deadline is noticed at most this much late. */
const wheelMs = 2_000;

/** What a client gets to answer the end of its connection when the server stops. */
const drainMsMax = 3_000;

/** The AMQP connections of one listener, whatever carries their bytes: TLS or a WebSocket in it. */
export class AmqpConnections {
  readonly #options: AmqpConnectionsOptions;
  readonly #open = new Map<AmqpConnection, Duplex>();
  #wheel: Cancel | undefined;
  readonly #opened: (stream: Duplex) => void;

  constructor(options: AmqpConnectionsOptions) {
    this.#options = options;
    this.#opened = countConnections(options.platform, 'amqp');
  }

  get count(): number {
    return this.#open.size;
  }

  start(): void {
    const { clock } = this.#options.platform;
    this.#wheel = clock.after(wheelMs, () => {
      const now = clock.monotonic();
      for (const connection of this.#open.keys()) connection.checkTime(now);
      this.start();
    });
  }

  /** Speaks AMQP over `stream` with `peer`. The deadline for signing in runs from now. */
  open(stream: Duplex, peer: Peer): void {
    const { platform, limits, amqp } = this.#options;
    this.#opened(stream);
    let plain: PlainCredentials | undefined;
    const connection: AmqpConnection = new AmqpConnection({
      stream,
      limits: defaultAmqpLimits,
      backlogBytesMax: limits.socketBacklogBytesMax,
      signInMsMax: limits.connectMsMax,
      containerId: 'homeport',
      nowMs: () => platform.clock.monotonic(),
      async authenticate(choice) {
        if (choice.mechanism === 'EXTERNAL') return peer.certificates.length > 0;
        if (choice.mechanism !== 'PLAIN') return true;
        plain = choice;
        return amqp[chooseAmqp(choice.userName)].authenticate(choice, peer);
      },
      onOpen: (open) => {
        const arrival = { connection, peer, open, plain };
        return plain ? amqp[chooseAmqp(plain.userName)].open(arrival) : chosenByFirstLink(amqp, arrival);
      },
      onBug: (error) =>
        platform.log.error('connection.broke', {
          trackingId: peer.trackingId,
          error: error instanceof Error ? error.stack : String(error),
        }),
    });
    this.#open.set(connection, stream);
    stream.once('close', () => this.#open.delete(connection));
  }

  /** Ends every connection; who does not answer that is cut off. The listener has stopped accepting. */
  stop(): void {
    this.#wheel?.();
    for (const connection of this.#open.keys()) {
      connection.close({ condition: 'amqp:connection:forced', description: 'The server stops.' });
    }
    this.#options.platform.clock.after(drainMsMax, () => {
      for (const stream of this.#open.values()) stream.destroy();
    });
  }
}

/** A connection without a user name is for whom its first link names (dps-device-protocol.md 1). */
function chosenByFirstLink(surfaces: AmqpConnectionsOptions['amqp'], arrival: AmqpArrival): AmqpHandler {
  let chosen: AmqpHandler | undefined;
  return {
    attach(request) {
      chosen ??= surfaces[chooseAmqp(request.address ?? '')].open(arrival);
      return chosen.attach(request);
    },
    message: (delivery) => chosen?.message(delivery),
    outcome: async (link, tag, outcome) => chosen?.outcome(link, tag, outcome),
    writable: (link) => chosen?.writable(link),
    detached: (link) => chosen?.detached(link),
    ended: (reason, detail) => chosen?.ended(reason, detail),
  };
}
