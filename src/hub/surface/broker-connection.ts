import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { type Refusal, type RefusalReason, refuse } from '#trust/verdict.ts';
import { violationOf } from '#trust/violation.ts';
import type { InboundPublish, OversizePublish, Subscription, Will } from '#wire/mqtt/packet.ts';
import type { CloseReason, MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';
import type { Broker } from '../broker/broker.ts';
import type { BrokerConnections } from '../broker/broker-connections.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import type { BrokerSession } from '../broker/broker-session.ts';
import type { DurablePositions } from '../events/durable-positions.ts';
import { acceptTelemetry, acceptWill, type TelemetryOrigin } from '../messages/accept-telemetry.ts';
import type { DisconnectCause, LiveSession } from '../presence/presence.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { checkBrokerTopic, ownTelemetryBag } from './broker-topic.ts';
import { causeOf, endOfTrust, isRevoked } from './disconnect-cause.ts';
import { MqttPacing } from './mqtt-pacing.ts';
import { type OversizeRule, withOversizeFix } from './oversize-rule.ts';

/** What the connections of one broker share. */
export type BrokerRooms = {
  readonly platform: Platform;
  readonly broker: Broker;
  readonly connections: BrokerConnections;
  readonly positions: DurablePositions;
  readonly quotas: Quotas;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly oversizePublish: OversizeRule;
  /** An acknowledgement is owed when this resolves. */
  readonly owes: (settled: Promise<void>) => void;
};

export type BrokerConnectionFacts = {
  readonly link: MqttServerSession;
  readonly caller: DeviceCaller;
  readonly origin: TelemetryOrigin;
  readonly isClean: boolean;
  readonly will: Will | undefined;
  readonly remoteAddress: string;
};

/**
 * One signed-in client of the broker door. A QoS 1 or 2 message is acknowledged when everything that was to be kept of
 * it is on disk: its place in kept sessions, what is retained, and its event, if it was the client's own telemetry.
 */
export class BrokerConnection implements SessionHandler, LiveSession {
  readonly caller: DeviceCaller;
  readonly #rooms: BrokerRooms;
  readonly #facts: BrokerConnectionFacts;
  readonly #link: MqttServerSession;
  readonly #session: BrokerSession;
  readonly #isPresent: boolean;
  /** QoS 2 messages whose PUBREC waits. */
  readonly #settling = new Map<number, Promise<void>>();
  /** Where nothing limits the client, nothing is asked per message. */
  readonly #pacing: MqttPacing | undefined;
  #cause: DisconnectCause | undefined;
  #violation: Refusal | undefined;

  /** Takes over from the client's older connection, if it has one. `begin` answers CONNECT. */
  constructor(rooms: BrokerRooms, facts: BrokerConnectionFacts) {
    this.#rooms = rooms;
    this.#facts = facts;
    this.#link = facts.link;
    this.caller = facts.caller;
    rooms.connections.open(this);
    const { session, isPresent } = rooms.broker.begin(facts.caller, facts.isClean);
    this.#session = session;
    this.#isPresent = isPresent;
    const { platform, quotas } = rooms;
    const { deviceId: identity } = facts.caller;
    this.#pacing = MqttPacing.of({ platform, quotas, identity, session: facts.link, close: this.#violateRate.bind(this) });
  }

  /** What CONNACK says of the session is on disk before it is said. */
  async begin(): Promise<void> {
    const { broker, platform } = this.#rooms;
    await broker.journal.written();
    if (this.#link.isClosed) return;
    platform.log.info('broker.connected', { deviceId: this.caller.deviceId });
    const dropsOversize = this.#rooms.oversizePublish === 'drop';
    this.#link.accept(this.#isPresent, { speaksQos2: true, dropsOversize });
    if (!this.#link.isClosed) this.#session.attach(this.#link);
  }

  publish(publish: InboundPublish): void {
    const { topic, qos, packetId } = publish;
    if (qos === 2 && this.#session.hasTaken(packetId)) {
      this.#acknowledge(packetId, 2, this.#settling.get(packetId) ?? this.#rooms.broker.journal.written());
      return;
    }
    const complaint = checkBrokerTopic(topic, this.caller.deviceId);
    if (complaint) {
      this.#violate('protocol-violation', `A message to ${topic}: ${complaint}`);
      return;
    }
    if (this.#rooms.broker.journal.isFull) {
      this.close('storage-unavailable');
      return;
    }
    if (this.#pacing && !this.#pacing.admits()) return;
    // The memory of the packet is used again; what the broker keeps is its own.
    const message = { topic, payload: Buffer.from(publish.payload), qos };
    const settled = this.#pass(message, publish.retain, acceptTelemetry);
    if (!settled) return;
    this.#pacing?.taken();
    if (qos === 0) return;
    if (qos === 2) {
      this.#session.take(packetId);
      if (this.#session.isKept) settled.push(this.#rooms.broker.journal.written());
    }
    if (settled.length === 0) this.#link.acknowledge(packetId, qos);
    else
      this.#acknowledge(
        packetId,
        qos,
        Promise.all(settled).then(() => undefined),
      );
  }

  oversize({ topic, qos, packetId, payloadBytes }: OversizePublish): void {
    this.#explain(refuse('message-too-large', `A message to ${topic} had ${payloadBytes} bytes. It was dropped.`).refusal);
    if (qos !== 0) this.#link.acknowledge(packetId, qos);
  }

  acknowledged(packetId: number): void {
    this.#session.acknowledged(packetId);
  }

  received(packetId: number): void {
    this.#session.received(packetId);
  }

  released(packetId: number): void {
    this.#session.released(packetId);
  }

  writable(): void {
    this.#session.pump();
  }

  subscribe(packetId: number, filters: readonly Subscription[]): void {
    const { broker } = this.#rooms;
    const codes = broker.subscribe(this.#session, filters);
    if (!this.#session.isKept) this.#link.grant(packetId, codes);
    else void broker.journal.written().then(() => this.#link.grant(packetId, codes));
    // At once, so that nothing newer on the same topic overtakes what it had.
    broker.sendRetained(this.#session, filters, codes);
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    const { broker } = this.#rooms;
    broker.unsubscribe(this.#session, filters);
    if (!this.#session.isKept) this.#link.unsubscribed(packetId);
    else void broker.journal.written().then(() => this.#link.unsubscribed(packetId));
  }

  ended(reason: CloseReason, isClean: boolean): void {
    const cause = this.#cause ?? causeOf(reason);
    this.#rooms.connections.ended(this);
    this.#pacing?.end();
    this.#session.detach();
    if (!isClean && !isRevoked(cause)) this.#deliverWill();
    this.#rooms.broker.end(this.#session);
    this.#rooms.platform.log.info('broker.disconnected', { deviceId: this.caller.deviceId, cause });
    const lost = endOfTrust(cause);
    if (lost) this.#explain(lost);
    if (cause === 'protocol-violation')
      this.#explain(withOversizeFix(this.#violation ?? violationOf(reason, this.#link.closeDetail)));
  }

  close(cause: DisconnectCause): void {
    this.#cause ??= cause;
    this.#link.close(cause);
  }

  /** Hands a message to the hub's log, if it is the client's own telemetry, and to the broker. What must be on disk before it may be acknowledged; undefined when it was not taken. */
  #pass(message: BrokerMessage, isRetained: boolean, accept: typeof acceptTelemetry): Promise<void>[] | undefined {
    const { broker, positions } = this.#rooms;
    const settled: Promise<void>[] = [];
    const bag = ownTelemetryBag(message.topic, this.caller.deviceId);
    if (bag !== undefined) {
      try {
        settled.push(positions.reached(accept(this.#facts.origin, bag, message.payload, isRetained)));
      } catch (error) {
        const { code, message: detail } = asProblem(error);
        if (code === 'payload-too-large') this.#violate('message-too-large', detail);
        else this.close('storage-unavailable');
        return undefined;
      }
    }
    const outcome = broker.publish(message, isRetained);
    if (outcome === 'refused') {
      this.#violate('retained-full', `There is no room to retain a message on ${message.topic}.`);
      return undefined;
    }
    if (outcome === 'kept') settled.push(broker.journal.written());
    return settled;
  }

  #acknowledge(packetId: number, qos: 1 | 2, settled: Promise<void>): void {
    const answered = settled.then(() => {
      if (this.#settling.get(packetId) === settled) this.#settling.delete(packetId);
      this.#link.acknowledge(packetId, qos);
    });
    if (qos === 2) this.#settling.set(packetId, settled);
    this.#rooms.owes(answered);
  }

  #deliverWill(): void {
    const { will } = this.#facts;
    if (!will) return;
    const { topic, payload, qos } = will;
    if (!this.#pass({ topic, payload, qos }, will.retain, acceptWill)) {
      this.#rooms.platform.log.error('will.lost', { deviceId: this.caller.deviceId });
    }
  }

  #violate(reason: RefusalReason, detail: string): void {
    const fix = reason === 'retained-full' ? { fix: 'Clear topics that nobody needs with an empty retained message.' } : {};
    this.#violation ??= refuse(reason, detail, fix).refusal;
    this.close('protocol-violation');
  }

  #violateRate(cause: DisconnectCause, why: Refusal): void {
    this.#explain(why);
    this.close(cause);
  }

  #explain(violation: Refusal): void {
    this.#rooms.refusals.record({
      service: 'hub',
      subject: this.caller.deviceId,
      peer: this.#facts.remoteAddress,
      ...violation,
    });
  }
}
