import type { MqttConnection, MqttSurface } from '#listeners/surface.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import type { ConnectPacket } from '#wire/mqtt/packet.ts';
import type { MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';
import type { LastCredentials } from '../credentials/last-credentials.ts';
import { DurablePositions } from '../events/durable-positions.ts';
import type { EventLog } from '../events/event-log.ts';
import type { HubLimits } from '../hub-limits.ts';
import { telemetryOrigin } from '../messages/accept-telemetry.ts';
import type { CredentialWatches } from '../registry/credential-watches.ts';
import type { SignIn } from '../registry/sign-in.ts';
import { readBrokerConnect } from './broker-connect.ts';
import { BrokerConnection, type BrokerRooms } from './broker-connection.ts';
import { SignInAttempt } from './sign-in-attempt.ts';

export type BrokerMqttOptions = Pick<
  BrokerRooms,
  'platform' | 'broker' | 'connections' | 'quotas' | 'refusals' | 'oversizePublish'
> & {
  readonly hostName: string;
  readonly limits: HubLimits;
  readonly events: EventLog;
  readonly signIn: SignIn;
  readonly credentials: Pick<LastCredentials, 'record'>;
  readonly watches: CredentialWatches;
};

/** How often a sign-in looks again at a credential that changed while it looked. */
const signInAttemptsMax = 5;

/** The broker door: plain MQTT 3.1.1 for the devices of one hub, by the hub's own credentials. */
export class BrokerMqtt implements MqttSurface {
  readonly #options: BrokerMqttOptions;
  readonly #rooms: BrokerRooms;
  /** Acknowledgements that wait for the disk. */
  readonly #owed = new Set<Promise<void>>();
  #isDraining = false;

  constructor(options: BrokerMqttOptions) {
    this.#options = options;
    this.#rooms = {
      ...options,
      positions: new DurablePositions(options.events),
      owes: (settled) => {
        this.#owed.add(settled);
        void settled.finally(() => this.#owed.delete(settled));
      },
    };
    options.events.onState((state) => {
      // What waits will never be durable, so it must not be acknowledged: the client sends it again.
      if (state === 'failed') options.connections.dropWhere(() => true, 'storage-unavailable');
    });
  }

  open(connection: MqttConnection, connect: ConnectPacket): SessionHandler {
    const attempt = new SignInAttempt();
    void this.#signIn(connection, connect, attempt);
    return attempt;
  }

  /** Takes nobody in any more. Resolves when every message that arrived is acknowledged, or after `deadlineMs`. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#owed.size === 0) return;
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.platform.clock.after(deadlineMs, late.resolve);
    await Promise.race([Promise.all(this.#owed), late.promise]);
    cancel();
  }

  async #signIn({ session, peer }: MqttConnection, connect: ConnectPacket, attempt: SignInAttempt): Promise<void> {
    const { platform, signIn, watches, broker, events, hostName } = this.#options;
    // A name of our choosing would be no device's [MQTT-3.1.3-8].
    if (connect.clientId === '') return session.refuse(2);
    const read = readBrokerConnect(connect, hostName);
    if (!read.accepted) return this.#refuse(session, peer.remoteAddress, connect.clientId, read.refusal);
    if (this.#isDraining || events.state !== 'ok' || !broker.journal.isHealthy) return session.refuse(3);
    const { deviceId } = read.value;
    const watch = watches.begin(deviceId);
    try {
      const token = connect.password?.toString() || undefined;
      for (let i = 0; i < signInAttemptsMax; i++) {
        const verdict = await signIn.check({ deviceId }, { certificates: peer.certificates, token });
        if (session.isClosed) return;
        if (!verdict.accepted) {
          const trace = [...read.trace, ...verdict.refusal.trace];
          return this.#refuse(session, peer.remoteAddress, deviceId, { ...verdict.refusal, trace });
        }
        const throttled = i === 0 && this.#options.quotas.tryTake('connections', deviceId);
        if (throttled)
          return this.#refuse(session, peer.remoteAddress, deviceId, refuse('rate-limited', throttled.message).refusal, 3);
        if (watch.takeChanged()) continue;
        // From here to the takeover nothing waits: a credential that is revoked later finds the connection.
        this.#options.credentials.record(verdict.value, { certificates: peer.certificates, token });
        return this.#accept({ session, peer }, connect, verdict.value, attempt);
      }
      session.refuse(3);
    } catch (error) {
      platform.log.error('sign-in.failed', { identity: deviceId, trackingId: peer.trackingId, error: String(error) });
      session.refuse(3);
    } finally {
      watch.end();
    }
  }

  #accept({ session, peer }: MqttConnection, connect: ConnectPacket, caller: DeviceCaller, attempt: SignInAttempt): void {
    const { platform, events } = this.#options;
    const connection = new BrokerConnection(this.#rooms, {
      link: session,
      caller,
      origin: telemetryOrigin(platform, 'broker', events, caller, '', this.#options.limits.messages),
      isClean: connect.cleanSession,
      will: connect.will,
      remoteAddress: peer.remoteAddress,
    });
    attempt.accepted = connection;
    void connection.begin();
  }

  #refuse(session: MqttServerSession, peer: string, subject: string, refusal: Refusal, code: 3 | 5 = 5): void {
    this.#options.refusals.record({ service: 'hub', subject, peer, ...refusal });
    session.refuse(code);
  }
}
