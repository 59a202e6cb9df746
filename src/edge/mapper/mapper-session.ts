import type { Platform } from '#base/platform.ts';
import type { MqttClientSession } from '#wire/mqtt/client-session.ts';
import type { InboundPublish, OutboundPublish, OversizePublish } from '#wire/mqtt/packet.ts';
import { topicMatches } from '#wire/mqtt/topic-matches.ts';
import type { ServiceHealth } from '../health/service-health.ts';
import { formatRefusal } from './error-text.ts';
import { farewellMsMax, mapperQueue } from './limits.ts';
import type { MapperRules } from './mapper-rules.ts';
import { SendQueue } from './send-queue.ts';
import { tooLarge, translate } from './translate.ts';

type Session = Pick<MqttClientSession, 'publish' | 'acknowledge' | 'disconnect'>;

/**
 * One connection's worth of mapping. A message of QoS 1 is acknowledged when the broker has acknowledged what became of it, so
 * that a mapper that dies in between is sent it again.
 */
export class MapperSession {
  readonly #platform: Platform;
  readonly #rules: MapperRules;
  readonly #health: ServiceHealth;
  readonly #queue: SendQueue;
  #session: Session | undefined;
  /** Acknowledgements that were due before there was a session to send them. */
  readonly #early: number[] = [];
  #dropped = 0;

  constructor(platform: Platform, { rules, health }: { rules: MapperRules; health: ServiceHealth }) {
    this.#platform = platform;
    this.#rules = rules;
    this.#health = health;
    this.#queue = new SendQueue(mapperQueue, () => this.#reportDropped());
  }

  /** Messages may have come before: a stored session's follow CONNACK at once. */
  open(session: Session): void {
    this.#session = session;
    for (const packetId of this.#early.splice(0)) session.acknowledge(packetId);
    this.#queue.open(session);
  }

  sayUp(): void {
    this.#queue.add([this.#health.registration, this.#health.up(this.#platform.clock.now())]);
  }

  /** Says that the service goes down; resolves when the broker has it, or has had time enough. */
  farewell(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#platform.clock.after(farewellMsMax, resolve);
    if (!this.#queue.add([this.#health.down], resolve)) resolve();
    return promise.finally(cancel);
  }

  receive({ topic, payload, qos, packetId }: InboundPublish): void {
    this.#send(this.#answers({ topic, payload }), { qos, packetId });
  }

  /** Its payload was never kept, and it is acknowledged already. */
  receiveOversize({ topic, payloadBytes }: OversizePublish): void {
    if (this.#isAsked(topic)) this.#send(this.#errors({ topic }, tooLarge(payloadBytes, this.#rules)), { qos: 0, packetId: 0 });
  }

  #answers(message: { topic: string; payload: Buffer }): readonly OutboundPublish[] {
    const { checkTopics, legacyCheckTopics, legacyTopic, up, legacyUp } = this.#health;
    const now = this.#platform.clock.now();
    if (checkTopics.includes(message.topic)) return [up(now)];
    if (legacyCheckTopics.includes(message.topic)) return [legacyUp(now)];
    // The answer to that comes back, and the hub has it from its own topic.
    if (message.topic === legacyTopic || !this.#isAsked(message.topic)) return [];
    const translation = translate(message, this.#rules, now);
    if (translation.kind === 'nothing') return [];
    if (translation.kind === 'refused') return this.#errors(message, translation.reason);
    return [{ topic: translation.topic, payload: translation.payload, qos: 1 }];
  }

  /** Whether the settings still name the topic: a stored session may hold filters of before. */
  #isAsked(topic: string): boolean {
    return this.#rules.filters.some((filter) => topicMatches(filter, topic));
  }

  #send(packets: readonly OutboundPublish[], { qos, packetId }: { qos: number; packetId: number }): void {
    const isTaken = this.#queue.add(packets, () => {
      if (qos === 0) return;
      if (this.#session) this.#session.acknowledge(packetId);
      else this.#early.push(packetId);
    });
    if (isTaken) return;
    if (qos === 0) this.#dropped++;
    // Connected anew, the broker sends again what it has no acknowledgement of.
    else this.#session?.disconnect();
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const count = this.#dropped;
    this.#dropped = 0;
    this.#platform.log.warn('mapper.messages-dropped', { count });
    this.#queue.add(
      this.#errorsOf(`${count} messages of QoS 0 were dropped: they came faster than the local broker takes them.`),
    );
  }

  #errors(message: { topic: string; payload?: Buffer }, reason: string): OutboundPublish[] {
    return this.#errorsOf(formatRefusal(message, reason));
  }

  /** On the topics of both generations (thin-edge.md 11.3). */
  #errorsOf(payload: string): OutboundPublish[] {
    return [`${this.#rules.topicRoot}/errors`, 'tedge/errors'].map((topic) => ({ topic, payload, qos: 1 }));
  }
}
