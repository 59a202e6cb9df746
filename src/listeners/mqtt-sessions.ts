import type { Duplex } from 'node:stream';
import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import { MqttServerSession } from '#wire/mqtt/server-session.ts';
import { countConnections } from './count-connections.ts';
import { chooseMqtt, type MqttTarget } from './host-table.ts';
import type { ListenerLimits } from './limits.ts';
import { pumpStream } from './stream-pump.ts';
import type { MqttSurface, Peer } from './surface.ts';

export type MqttSessionsOptions = {
  readonly platform: Platform;
  readonly limits: ListenerLimits;
  readonly surfaces: Readonly<Record<MqttTarget, MqttSurface>>;
};

/** One keep-alive wheel for all connections: a deadline is noticed at most this much late. */
const wheelMs = 2_000;

/** The longest topic, and a packet id. */
const beyondPayloadBytes = defaultMqttLimits.packetBytesMax - defaultMqttLimits.payloadBytesMax;

/** What a client gets to answer the end of its connection when the server stops. */
const drainMsMax = 3_000;

/** The MQTT connections of one listener, whatever carries their bytes: TLS or a WebSocket in it. */
export class MqttSessions {
  readonly #options: MqttSessionsOptions;
  readonly #open = new Map<MqttServerSession, Duplex>();
  /** Closed, with a stream that is still open. */
  readonly #leaving = new WeakSet<MqttServerSession>();
  #wheel: Cancel | undefined;
  readonly #opened: (stream: Duplex) => void;

  constructor(options: MqttSessionsOptions) {
    this.#options = options;
    this.#opened = countConnections(options.platform, 'mqtt');
  }

  get count(): number {
    return this.#open.size;
  }

  start(): void {
    const { clock } = this.#options.platform;
    this.#wheel = clock.after(wheelMs, () => {
      const now = clock.monotonic();
      for (const [session, stream] of this.#open) {
        // Who was told to go had a turn of the wheel to read why; a peer that never answers would keep its socket.
        if (this.#leaving.has(session)) stream.destroy();
        else if (session.isClosed) this.#leaving.add(session);
        else session.checkKeepAlive(now);
      }
      this.start();
    });
  }

  /** Speaks MQTT over `stream` with `peer`; its first packet chooses the surface. The deadline for CONNECT runs from now. */
  open(stream: Duplex, peer: Peer): void {
    const { platform, limits, surfaces } = this.#options;
    const onBug = (error: unknown) =>
      platform.log.error('connection.broke', {
        trackingId: peer.trackingId,
        error: error instanceof Error ? error.stack : String(error),
      });
    const cut = () => void stream.destroy();
    this.#opened(stream);
    pumpStream(stream, { backlogBytesMax: limits.socketBacklogBytesMax, onBug }, (side) => {
      const session: MqttServerSession = new MqttServerSession({
        limits: {
          ...defaultMqttLimits,
          payloadBytesMax: limits.mqttPayloadBytesMax,
          packetBytesMax: limits.mqttPayloadBytesMax + beyondPayloadBytes,
          keepAliveMsMax: limits.mqttKeepAliveMsMax,
          outboundInflightMax: limits.mqttInFlightMax,
          filtersPerPacketMax: limits.mqttFiltersPerPacketMax,
          connectMsMax: limits.connectMsMax,
          connectBytesMax: limits.connectBytesMax,
          beforeAcceptBytesMax: limits.beforeSignInBytesMax,
        },
        nowMs: () => platform.clock.monotonic(),
        onConnect: (packet) => surfaces[chooseMqtt(packet.userName)].open({ session, peer, cut }, packet),
        onOutput: side.onOutput,
        onClose: side.onClose,
      });
      this.#open.set(session, stream);
      stream.once('close', () => this.#open.delete(session));
      return session;
    });
  }

  /** Ends every connection; who does not answer that is cut off. The listener has stopped accepting. */
  stop(): void {
    this.#wheel?.();
    for (const [session, stream] of this.#open) {
      session.close('server-stopping');
      stream.end();
    }
    this.#options.platform.clock.after(drainMsMax, () => {
      for (const stream of this.#open.values()) stream.destroy();
    });
  }
}
