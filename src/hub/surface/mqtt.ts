import type { MqttConnection, MqttSurface } from '#listeners/surface.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import type { ConnectPacket } from '#wire/mqtt/packet.ts';
import type { MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';
import type { LastCredentials } from '../credentials/last-credentials.ts';
import type { EventLog } from '../events/event-log.ts';
import type { HubLimits } from '../hub-limits.ts';
import { identityName } from '../identity.ts';
import { telemetryOrigin } from '../messages/accept-telemetry.ts';
import type { CredentialWatches } from '../registry/credential-watches.ts';
import type { SignIn } from '../registry/sign-in.ts';
import { type HubConnect, readHubConnect } from './mqtt-connect.ts';
import { HubMqttSession, type SessionRooms } from './mqtt-session.ts';
import { MqttSubscriptions } from './mqtt-subscriptions.ts';
import { OwedAcknowledgements } from './owed-acknowledgements.ts';
import { SignInAttempt } from './sign-in-attempt.ts';

export type HubMqttOptions = Pick<
  SessionRooms,
  | 'platform'
  | 'twins'
  | 'methods'
  | 'cloudToDevice'
  | 'presence'
  | 'sessions'
  | 'quotas'
  | 'refusals'
  | 'oversizePublish'
  | 'faults'
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

/** The hub on MQTT 3.1.1: who may come in, and which session an event belongs to. */
export class HubMqtt implements MqttSurface {
  readonly #options: HubMqttOptions;
  readonly #rooms: SessionRooms;
  readonly #sessions = new Map<string, HubMqttSession>();
  readonly #owed: OwedAcknowledgements<HubMqttSession>;
  #isDraining = false;

  constructor(options: HubMqttOptions) {
    this.#options = options;
    this.#owed = new OwedAcknowledgements(options.events);
    this.#rooms = {
      ...options,
      waits: (session) => this.#owed.add(session),
      gone: (session) => this.#gone(session),
    };
    options.twins.onDesiredChange((change) => this.#sessions.get(change.identity)?.pushDesired(change));
    options.quotas.onHold((identity) => this.#sessions.get(identity)?.pace());
  }

  open(connection: MqttConnection, connect: ConnectPacket): SessionHandler {
    const attempt = new SignInAttempt();
    void this.#signIn(connection, connect, attempt);
    return attempt;
  }

  /** Takes nobody in any more. Resolves when every message that arrived is acknowledged, or after `deadlineMs`. */
  drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    return this.#owed.drain(this.#options.platform.clock, deadlineMs);
  }

  async #signIn(connection: MqttConnection, connect: ConnectPacket, attempt: SignInAttempt): Promise<void> {
    const { session, peer } = connection;
    const read = readHubConnect(connect, this.#options.hostName);
    if (!read.accepted) {
      this.#refuse(session, peer.remoteAddress, connect.userName ?? '', read.refusal);
      return;
    }
    // Devices back off on 3; accepting them only to drop them at their first message would keep them busy.
    if (this.#isDraining || this.#options.events.state !== 'ok') return session.refuse(3);
    const { deviceId } = read.value;
    const identity = identityName(read.value);
    const { platform, signIn, sessions, twins, watches, faults } = this.#options;
    // By device, because a module's sign-in rests on its device too.
    const watch = watches.begin(deviceId);
    try {
      // A zero-length password is none (2.3).
      const token = connect.password?.toString() || undefined;
      let stored: Awaited<ReturnType<typeof sessions.begin>> | undefined;
      for (let i = 0; i < signInAttemptsMax; i++) {
        const verdict = await signIn.check(read.value, { certificates: peer.certificates, token });
        if (session.isClosed) return;
        if (!verdict.accepted) {
          const trace = [...read.trace, ...verdict.refusal.trace];
          return this.#refuse(session, peer.remoteAddress, identity, { ...verdict.refusal, trace });
        }
        const fault = faults?.refusal(verdict.value, 'mqtt');
        if (fault) return this.#refuse(session, peer.remoteAddress, identity, fault);
        const throttled = i === 0 && this.#options.quotas.tryTake('connections', identity);
        if (throttled)
          return this.#refuse(session, peer.remoteAddress, identity, refuse('rate-limited', throttled.message).refusal, 3);
        stored ??= await sessions.begin(identity, connect.cleanSession);
        await twins.setModelId(identity, read.value.modelId);
        if (session.isClosed) return;
        if (watch.takeChanged()) continue;
        // From here to the end nothing waits: presence, events and CONNACK are one step.
        this.#options.credentials.record(verdict.value, { certificates: peer.certificates, token });
        return this.#accept(connection, read.value, verdict.value, stored, !connect.cleanSession, attempt);
      }
      session.refuse(3);
    } catch (error) {
      platform.log.error('sign-in.failed', { identity, trackingId: peer.trackingId, error: String(error) });
      session.refuse(3);
    } finally {
      watch.end();
    }
  }

  #accept(
    { session, peer, cut }: MqttConnection,
    connect: HubConnect,
    caller: HubMqttSession['caller'],
    stored: { isPresent: boolean; subscriptions: ReadonlyMap<string, 0 | 1> },
    isStored: boolean,
    attempt: SignInAttempt,
  ): void {
    const { platform, events, presence } = this.#options;
    const live = new HubMqttSession(this.#rooms, {
      session,
      caller,
      origin: telemetryOrigin(platform, 'mqtt', events, caller, connect.modelId, this.#options.limits.messages),
      subscriptions: new MqttSubscriptions(caller, stored.subscriptions),
      isStored,
      will: connect.will,
      trackingId: peer.trackingId,
      remoteAddress: peer.remoteAddress,
      cut,
    });
    attempt.accepted = live;
    presence.open(live);
    this.#sessions.set(live.identity, live);
    live.begin();
    session.accept(stored.isPresent, { dropsOversize: this.#rooms.oversizePublish === 'drop' });
  }

  /** Every refusal is 5, since the finer codes make some SDKs give up for good; 3 is for who comes too often (4.2). */
  #refuse(session: MqttServerSession, peer: string, subject: string, refusal: Refusal, code: 3 | 5 = 5): void {
    this.#options.refusals.record({ service: 'hub', subject, peer, ...refusal });
    session.refuse(code);
  }

  #gone(session: HubMqttSession): void {
    if (this.#sessions.get(session.identity) === session) this.#sessions.delete(session.identity);
    this.#owed.remove(session);
  }
}
