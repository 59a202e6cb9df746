import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type Refusal, type RefusalReason, refuse } from '#trust/verdict.ts';
import { violationOf } from '#trust/violation.ts';
import {
  formatDesiredTopic,
  formatMethodTopic,
  hubFilters,
  inputFilters,
  messageFilters,
  parseDeviceTopic,
  telemetryTopic,
} from '#wire/azure/hub-topics.ts';
import type { InboundPublish, OversizePublish, Subscription } from '#wire/mqtt/packet.ts';
import type { CloseReason, MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';
import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import { inputQueue } from '../cloud-to-device/queue-name.ts';
import type { BreakingFault } from '../faults/asked-fault.ts';
import type { Faults } from '../faults/faults.ts';
import type { SessionFaults } from '../faults/session-faults.ts';
import { identityName } from '../identity.ts';
import { acceptTelemetry, acceptWill, type TelemetryOrigin } from '../messages/accept-telemetry.ts';
import type { MethodChannel, Methods } from '../methods/methods.ts';
import type { DisconnectCause, LiveSession, Presence } from '../presence/presence.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { StoredSessions } from '../sessions/stored-sessions.ts';
import { withVersion } from '../twins/twin.ts';
import type { DesiredChange, Twins } from '../twins/twins.ts';
import { causeOf, endOfTrust, isRevoked } from './disconnect-cause.ts';
import type { HubConnect } from './mqtt-connect.ts';
import { MqttMessages } from './mqtt-messages.ts';
import { MqttPacing } from './mqtt-pacing.ts';
import type { MqttSubscriptions } from './mqtt-subscriptions.ts';
import { MqttTwinRequests } from './mqtt-twin-requests.ts';
import { type OversizeRule, withOversizeFix } from './oversize-rule.ts';

/** What the sessions of one surface share. */
export type SessionRooms = {
  readonly platform: Platform;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly cloudToDevice: CloudToDevice;
  readonly presence: Presence;
  readonly sessions: StoredSessions;
  readonly quotas: Quotas;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly oversizePublish: OversizeRule;
  /** Undefined where nothing goes wrong on purpose. */
  readonly faults: Faults | undefined;
  /** A message waits for its sync: `settle` must be called after the next batch. */
  readonly waits: (session: HubMqttSession) => void;
  readonly gone: (session: HubMqttSession) => void;
};

export type SessionFacts = {
  readonly session: MqttServerSession;
  readonly caller: DeviceCaller;
  readonly origin: TelemetryOrigin;
  readonly subscriptions: MqttSubscriptions;
  /** Clean session 0: subscriptions are stored before they are granted. */
  readonly isStored: boolean;
  readonly will: HubConnect['will'];
  readonly trackingId: string;
  readonly remoteAddress: string;
  readonly cut: (() => void) | undefined;
};

/**
 * One signed-in device or module on MQTT. What stays the same is resolved here once; a telemetry message costs a
 * comparison of its topic's beginning, an append and a note of its packet id. Acknowledgements leave
 * when the log says that a batch is durable.
 */
export class HubMqttSession implements SessionHandler, LiveSession, MethodChannel {
  readonly caller: DeviceCaller;
  /** Its name: identity.ts. */
  readonly identity: string;
  readonly #rooms: SessionRooms;
  readonly #facts: SessionFacts;
  readonly #session: MqttServerSession;
  readonly #origin: TelemetryOrigin;
  readonly #telemetryPrefix: string;
  readonly #telemetryTopic: string;
  readonly #twin: MqttTwinRequests;
  /** Of the identity, and of a module's inputs. */
  readonly #messages: readonly MqttMessages[];
  readonly #faults: SessionFaults | undefined;
  /** QoS 1 messages that wait for their sync, in order: packet ids and, beside them, positions. */
  #waitingIds: number[] = [];
  #waitingPositions: number[] = [];
  #waitingFrom = 0;
  /** Where nothing limits the device, nothing is asked per message. */
  #pacing: MqttPacing | undefined;
  #hearsDesired = false;
  #detachMethods: Cancel | undefined;
  #cause: DisconnectCause | undefined;
  #violation: Refusal | undefined;

  constructor(rooms: SessionRooms, facts: SessionFacts) {
    this.#rooms = rooms;
    this.#facts = facts;
    this.#session = facts.session;
    this.#origin = facts.origin;
    this.caller = facts.caller;
    this.identity = identityName(facts.caller);
    this.#telemetryTopic = telemetryTopic(facts.caller.deviceId, facts.caller.moduleId);
    this.#telemetryPrefix = `${this.#telemetryTopic}/`;
    this.#faults = rooms.faults?.open({
      identity: facts.caller,
      protocol: 'mqtt',
      break: (fault) => this.#break(fault),
    });
    this.#twin = new MqttTwinRequests({
      platform: rooms.platform,
      twins: rooms.twins,
      quotas: this.#faults?.throttling(rooms.quotas) ?? rooms.quotas,
      identity: this.identity,
      trackingId: facts.trackingId,
      send: (topic, body) =>
        this.#answer(() => {
          if (facts.subscriptions.has(hubFilters.twinResponses)) this.#send(topic, body);
        }),
    });
    const { deviceId, moduleId } = facts.caller;
    const queues: [queue: string, filters: readonly string[]][] = [[this.identity, messageFilters(deviceId, moduleId)]];
    if (moduleId !== undefined) queues.push([inputQueue(this.identity), inputFilters(deviceId, moduleId)]);
    const { session, subscriptions } = facts;
    const { cloudToDevice, platform } = rooms;
    this.#messages = queues.map(
      ([queue, filters]) => new MqttMessages({ log: platform.log, cloudToDevice, session, queue, filters, subscriptions }),
    );
  }

  /** The device is the hub's only one of its identity and may be spoken to. */
  begin(): void {
    this.#listen();
    this.pace();
  }

  /** What limits the device may be other than before. */
  pace(): void {
    const { platform, quotas } = this.#rooms;
    const { identity } = this;
    this.#pacing?.end();
    this.#pacing = MqttPacing.of({
      platform,
      quotas,
      identity,
      session: this.#session,
      close: this.#violateRate.bind(this),
    });
  }

  publish(publish: InboundPublish): void {
    const { topic } = publish;
    if (topic.startsWith(this.#telemetryPrefix)) this.#telemetry(topic.slice(this.#telemetryPrefix.length), publish);
    else if (topic === this.#telemetryTopic) this.#telemetry('', publish);
    else this.#control(publish);
  }

  oversize(publish: OversizePublish): void {
    const { topic, payloadBytes } = publish;
    const isOwn = topic === this.#telemetryTopic || topic.startsWith(this.#telemetryPrefix) || !topic.startsWith('devices/');
    const detail = `A message to ${topic} had ${payloadBytes} bytes; at most ${this.#origin.bytesMax} are accepted.`;
    if (isOwn) this.#drop(publish, detail);
    else this.#violate('message-too-large', detail);
  }

  /** Everything up to `lastPosition` is durable. Says whether something still waits. */
  settle(lastPosition: number): boolean {
    const positions = this.#waitingPositions;
    let next = this.#waitingFrom;
    for (; next < positions.length && (positions[next] ?? 0) <= lastPosition; next++) {
      this.#acknowledge(this.#waitingIds[next] ?? 0);
    }
    if (next === positions.length) {
      this.#waitingIds = [];
      this.#waitingPositions = [];
      next = 0;
    }
    this.#waitingFrom = next;
    return this.#waitingIds.length > 0;
  }

  subscribe(packetId: number, filters: readonly Subscription[]): void {
    const { codes, isChanged } = this.#facts.subscriptions.add(filters);
    this.#afterStoring(isChanged, () => {
      this.#session.grant(packetId, codes);
      this.#listen();
    });
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    const isChanged = this.#facts.subscriptions.remove(filters);
    this.#afterStoring(isChanged, () => {
      this.#listen();
      this.#session.unsubscribed(packetId);
    });
  }

  /** Only cloud-to-device messages are sent with QoS 1. */
  acknowledged(packetId: number): void {
    for (const messages of this.#messages) messages.acknowledged(packetId);
  }

  writable(): void {
    for (const messages of this.#messages) messages.writable();
  }

  ended(reason: CloseReason, isClean: boolean): void {
    const cause = this.#cause ?? causeOf(reason);
    this.#hearsDesired = false;
    this.#pacing?.end();
    this.#detachMethods?.();
    for (const messages of this.#messages) messages.end();
    this.#faults?.end();
    this.#rooms.gone(this);
    if (!isClean && !isRevoked(cause)) this.#deliverWill();
    this.#rooms.presence.ended(this, cause);
    const lost = endOfTrust(cause);
    if (lost) this.#explain(lost);
    if (cause === 'protocol-violation')
      this.#explain(withOversizeFix(this.#violation ?? violationOf(reason, this.#session.closeDetail)));
  }

  close(cause: DisconnectCause): void {
    this.#cause ??= cause;
    this.#session.close(cause);
  }

  /** MethodChannel. */
  send(methodName: string, requestId: string, body: Buffer): boolean {
    return this.#session.publish({ topic: formatMethodTopic(methodName, requestId), payload: body, qos: 0 }) !== false;
  }

  /** Tells the device of a change, if it listens. Nothing is queued: it reads its twin when it comes back. */
  pushDesired({ patch, version }: DesiredChange): void {
    if (!this.#hearsDesired) return;
    this.#send(formatDesiredTopic(version), Buffer.from(JSON.stringify(withVersion(patch, version))));
  }

  #telemetry(bag: string, publish: InboundPublish): void {
    if (this.#faults && !this.#isOrdinary(this.#faults, bag, publish)) return;
    const pacing = this.#pacing;
    if (pacing && !pacing.admits()) return;
    let position: number;
    try {
      position = acceptTelemetry(this.#origin, bag, publish.payload, publish.retain);
    } catch (error) {
      // MQTT 3.1.1 has no way to refuse one message but to end the session; what was not acknowledged comes again.
      const { code, message } = asProblem(error);
      if (code !== 'payload-too-large') this.close('storage-unavailable');
      else if (this.#rooms.oversizePublish === 'drop') this.#drop(publish, message);
      else this.#violate('message-too-large', message);
      return;
    }
    if (publish.qos !== 0) this.#wait(publish.packetId, position);
    pacing?.taken();
  }

  #wait(packetId: number, position: number): void {
    if (this.#waitingIds.length === 0) this.#rooms.waits(this);
    this.#waitingIds.push(packetId);
    this.#waitingPositions.push(position);
  }

  /** Whether a message may be stored. Where it may not, what becomes of it is done. */
  #isOrdinary(faults: SessionFaults, bag: string, { packetId, qos }: InboundPublish): boolean {
    const judged = faults.judge(bag);
    if (judged === 'taken' && qos === 1) this.#acknowledge(packetId);
    // There is no other way to refuse one message; it comes again, and a fault that was asked for ended with this connection.
    if (judged instanceof Problem) this.close('fault-injected');
    return judged === 'ordinary';
  }

  #break(fault: BreakingFault): boolean {
    if (fault === 'KillTcp') this.#facts.cut?.();
    else if (fault !== 'ShutDownMqtt') return false;
    this.close('fault-injected');
    return true;
  }

  #acknowledge(packetId: number): void {
    if (this.#faults) this.#faults.answer(() => this.#session.acknowledge(packetId));
    else this.#session.acknowledge(packetId);
  }

  #answer(run: () => void): void {
    if (this.#faults) this.#faults.answer(run);
    else run();
  }

  #drop({ packetId, qos }: Pick<InboundPublish, 'packetId' | 'qos'>, detail: string): void {
    this.#explain(refuse('message-too-large', `${detail} It was dropped.`).refusal);
    if (qos === 1) this.#session.acknowledge(packetId);
  }

  #control(publish: InboundPublish): void {
    const topic = parseDeviceTopic(publish.topic);
    const { payload, packetId, qos } = publish;
    const acknowledge = (): void => {
      if (qos === 1) this.#acknowledge(packetId);
    };
    switch (topic?.kind) {
      case 'method-response':
        this.#rooms.methods.answer(this.identity, topic.requestId, topic.status, payload);
        acknowledge();
        break;
      case 'twin-get':
        acknowledge();
        this.#twin.get(topic.requestId);
        break;
      case 'twin-patch-reported':
        this.#twin.patchReported(topic, payload, acknowledge);
        break;
      case 'ignored':
        acknowledge();
        break;
      default:
        // Unknown, or telemetry of somebody else: nothing that was sent is taken (4.5).
        this.#violate('protocol-violation', `A message to ${publish.topic}, where this device may not send.`);
    }
  }

  #violate(reason: RefusalReason, detail: string): void {
    this.#violation ??= refuse(reason, detail).refusal;
    this.close('protocol-violation');
  }

  #violateRate(cause: DisconnectCause, why: Refusal): void {
    this.#explain(why);
    this.close(cause);
  }

  #explain(violation: Refusal): void {
    const { remoteAddress: peer } = this.#facts;
    this.#rooms.refusals.record({ service: 'hub', subject: this.identity, peer, ...violation });
  }

  /** Sends with QoS 0. A client that does not read what it asked for is cut off rather than misled. */
  #send(topic: string, payload: Buffer): void {
    if (this.#session.publish({ topic, payload, qos: 0 }) === false) this.close('client-too-slow');
  }

  /** Subscriptions of a stored session are on disk before they are granted. */
  #afterStoring(isChanged: boolean, then: () => void): void {
    if (!this.#facts.isStored || !isChanged) {
      then();
      return;
    }
    this.#rooms.sessions.save(this.identity, this.#facts.subscriptions.all).then(then, (error) => {
      this.#rooms.platform.log.error('session.unstored', { identity: this.identity, error: String(error) });
      this.close('storage-unavailable');
    });
  }

  /** Brings what the hub sends by itself in line with the subscriptions. */
  #listen(): void {
    if (this.#session.isClosed) return;
    const { subscriptions } = this.#facts;
    this.#hearsDesired = subscriptions.has(hubFilters.desired);
    if (!subscriptions.has(hubFilters.methods)) {
      this.#detachMethods?.();
      this.#detachMethods = undefined;
    } else this.#detachMethods ??= this.#rooms.methods.attach(this.identity, this);
    for (const messages of this.#messages) messages.listen();
  }

  #deliverWill(): void {
    const { will, origin } = this.#facts;
    if (!will) return;
    try {
      acceptWill(origin, will.bag, will.payload, will.isRetained);
    } catch (error) {
      this.#rooms.platform.log.error('will.lost', { identity: this.identity, error: String(error) });
    }
  }
}
