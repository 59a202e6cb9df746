import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { refuse } from '#trust/verdict.ts';
import { string, uuid } from '#wire/amqp/encode.ts';
import type { AmqpDelivery, AmqpError, AmqpOutcome } from '#wire/amqp/handler.ts';
import type { AmqpLink } from '#wire/amqp/link.ts';
import { decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import { AmqpUuid, AmqpViolation } from '#wire/amqp/value.ts';
import type { DeviceAddress } from '#wire/azure/hub-addresses.ts';
import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import { inputQueue } from '../cloud-to-device/queue-name.ts';
import type { EventLog } from '../events/event-log.ts';
import type { BreakingFault } from '../faults/asked-fault.ts';
import type { Faults } from '../faults/faults.ts';
import type { SessionFaults } from '../faults/session-faults.ts';
import type { HubLimits } from '../hub-limits.ts';
import { identityName } from '../identity.ts';
import { acceptTelemetry, checkTelemetry, telemetryOrigin } from '../messages/accept-telemetry.ts';
import type { MethodChannel, Methods } from '../methods/methods.ts';
import type { DisconnectCause, LiveSession, Presence } from '../presence/presence.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { DesiredChange, Twins } from '../twins/twins.ts';
import { amqpError, amqpErrorOf } from './amqp-errors.ts';
import { AmqpMessages } from './amqp-messages.ts';
import { readTelemetry } from './amqp-telemetry.ts';
import { AmqpTwinRequests } from './amqp-twin-requests.ts';
import { endOfTrust } from './disconnect-cause.ts';

/** What the devices of one surface share. */
export type AmqpRooms = {
  readonly platform: Platform;
  readonly events: EventLog;
  readonly twins: Twins;
  readonly methods: Methods;
  readonly cloudToDevice: CloudToDevice;
  readonly presence: Presence;
  readonly quotas: Pick<Quotas, 'take' | 'tryTake'>;
  readonly limits: HubLimits;
  readonly refusals: Pick<RefusalLog, 'record'>;
  /** Undefined where nothing goes wrong on purpose. */
  readonly faults: Faults | undefined;
  /** A message waits for its sync: `settle` must be called after the next batch. */
  readonly waits: (device: AmqpDevice) => void;
  readonly gone: (device: AmqpDevice) => void;
};

export type AmqpDeviceFacts = {
  readonly caller: DeviceCaller;
  readonly modelId: string;
  readonly trackingId: string;
  readonly remoteAddress: string;
  /** Ends its links, and the connection when nobody else uses it; called once. */
  readonly leave: (cause: DisconnectCause) => void;
  /** Breaks what belongs to the connection; false for what does not. */
  readonly break: (fault: BreakingFault, error: AmqpError) => boolean;
};

type Slot = `${DeviceAddress['kind']}-${'in' | 'out'}`;

/**
 * One signed-in device or module on AMQP, among the others of its connection. It has at most one link for each purpose;
 * with the last of them it is gone (hub-device-protocol.md 5.4).
 */
export class AmqpDevice implements LiveSession, MethodChannel {
  readonly identity: string;
  caller: DeviceCaller;
  readonly #rooms: AmqpRooms;
  readonly #facts: AmqpDeviceFacts;
  readonly #links = new Map<Slot, AmqpLink>();
  readonly #correlationIds = new Map<AmqpLink, string | undefined>();
  readonly #twin: AmqpTwinRequests;
  readonly #faults: SessionFaults | undefined;
  #origin: ReturnType<typeof telemetryOrigin>;
  #waiting: { position: number; delivery: AmqpDelivery }[] = [];
  #detachMethods: Cancel | undefined;
  /** What is sent to it, by the slot of the link that takes it. */
  readonly #messages = new Map<Slot, AmqpMessages>();
  #isOver = false;

  constructor(rooms: AmqpRooms, facts: AmqpDeviceFacts) {
    this.#rooms = rooms;
    this.#facts = facts;
    this.caller = facts.caller;
    this.identity = identityName(facts.caller);
    this.#origin = telemetryOrigin(rooms.platform, 'amqp', rooms.events, facts.caller, facts.modelId, rooms.limits.messages);
    this.#faults = rooms.faults?.open({
      identity: facts.caller,
      protocol: 'amqp',
      break: (fault, reason) => this.#break(fault, reason),
    });
    this.#twin = new AmqpTwinRequests({
      platform: rooms.platform,
      twins: rooms.twins,
      quotas: this.#faults?.throttling(rooms.quotas) ?? rooms.quotas,
      identity: this.identity,
      trackingId: facts.trackingId,
      send: (message) => this.#answer(() => this.#send('twin-out', message)),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get links(): readonly AmqpLink[] {
    return [...this.#links.values()];
  }

  /** Goes on under a newer token. */
  renew(caller: DeviceCaller): void {
    this.caller = caller;
    this.#rooms.presence.renewed(this);
  }

  announceModel(modelId: string): void {
    const { platform, events, limits } = this.#rooms;
    this.#origin = telemetryOrigin(platform, 'amqp', events, this.caller, modelId, limits.messages);
  }

  /** A link of the device is open. It takes the place of the one before it; a half of another pair goes with that. */
  attach(kind: DeviceAddress['kind'], link: AmqpLink, correlationId: string | undefined): void {
    const slot: Slot = `${kind}-${link.isIncoming ? 'in' : 'out'}`;
    const partner = this.#links.get(`${kind}-${link.isIncoming ? 'out' : 'in'}`);
    this.#drop(this.#links.get(slot));
    const isPaired = kind === 'methods' || kind === 'twin';
    if (isPaired && partner && this.#correlationIds.get(partner) !== correlationId) this.#drop(partner);
    this.#links.set(slot, link);
    this.#correlationIds.set(link, correlationId);
    if (slot === 'methods-out') {
      this.#detachMethods?.();
      this.#detachMethods = this.#rooms.methods.attach(this.identity, this);
    }
    const queue = this.#queueOf(slot);
    if (queue !== undefined) {
      const { platform, cloudToDevice } = this.#rooms;
      const { trackingId } = this.#facts;
      this.#messages.set(slot, new AmqpMessages({ log: platform.log, cloudToDevice, queue, link, trackingId }));
    }
  }

  /** The peer has ended a link. */
  detached(link: AmqpLink): void {
    for (const [slot, present] of this.#links) if (present === link) this.#forget(slot);
    if (this.#links.size === 0) this.close('disconnect');
  }

  async outcome(link: AmqpLink, tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    return this.#messagesOf(link)?.outcome(tag, outcome);
  }

  writable(link: AmqpLink): void {
    this.#messagesOf(link)?.writable();
  }

  message(delivery: AmqpDelivery): void {
    const { link } = delivery;
    if (this.#links.get('events-in') === link) this.#telemetry(delivery);
    else this.#control(delivery);
  }

  /** Everything up to `lastPosition` is durable. Says whether something still waits. */
  settle(lastPosition: number): boolean {
    let count = 0;
    for (const { position, delivery } of this.#waiting) {
      if (position > lastPosition) break;
      this.#answer(() => delivery.accept());
      count += 1;
    }
    this.#waiting.splice(0, count);
    return this.#waiting.length > 0;
  }

  /** LiveSession. */
  close(cause: DisconnectCause): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#detachMethods?.();
    for (const messages of this.#messages.values()) messages.end();
    this.#twin.reset();
    this.#faults?.end();
    this.#waiting = [];
    this.#rooms.gone(this);
    this.#facts.leave(cause);
    this.#rooms.presence.ended(this, cause);
    const lost = endOfTrust(cause);
    if (lost) this.#rooms.refusals.record({ service: 'hub', subject: this.identity, peer: this.#facts.remoteAddress, ...lost });
  }

  /** MethodChannel. */
  send(methodName: string, requestId: string, body: Buffer): boolean {
    const message = encodeMessage({
      properties: { correlationId: uuid(Buffer.from(requestId, 'hex')) },
      application: [['IoThub-methodname', string(methodName)]],
      data: body,
    });
    return this.#links.get('methods-out')?.send(message) ?? false;
  }

  pushDesired(change: DesiredChange): void {
    this.#twin.push(change);
  }

  #telemetry(delivery: AmqpDelivery): void {
    let position = 0;
    try {
      const all = readTelemetry(delivery.format, delivery.bytes);
      const parts = this.#faults ? this.#faults.keep(all) : all;
      if (!parts) return;
      if (parts.length === 0) {
        this.#answer(() => delivery.accept());
        return;
      }
      // One disposition answers a batch, so one message too large leaves none of it behind. A log that takes nothing more may
      // leave its first messages: the device, which is told that none was accepted, sends them again.
      for (const { bag, body } of parts) checkTelemetry(this.#origin, bag, body);
      this.#rooms.quotas.take('telemetry', this.identity, parts.length);
      for (const { bag, body } of parts) position = acceptTelemetry(this.#origin, bag, body, false);
    } catch (error) {
      delivery.reject(this.#explain(error));
      return;
    }
    if (this.#waiting.length === 0) this.#rooms.waits(this);
    this.#waiting.push({ position, delivery });
  }

  #explain(error: unknown): AmqpError {
    const { trackingId, remoteAddress: peer } = this.#facts;
    if (error instanceof AmqpViolation) return amqpError(error.condition, error.message, trackingId);
    const problem = asProblem(error);
    if (problem.code === 'payload-too-large') {
      this.#rooms.refusals.record({
        service: 'hub',
        subject: this.identity,
        peer,
        ...refuse('message-too-large', problem.message).refusal,
      });
    }
    return amqpErrorOf(problem, trackingId);
  }

  #control(delivery: AmqpDelivery): void {
    const { link } = delivery;
    let message: ReturnType<typeof decodeMessage>;
    try {
      message = decodeMessage(delivery.bytes);
    } catch (error) {
      delivery.reject(this.#explain(error));
      return;
    }
    delivery.accept();
    if (this.#links.get('twin-in') === link) {
      this.#twin.take(message);
      return;
    }
    const correlationId = message.properties.get('correlationId');
    const status = message.application.get('IoThub-status');
    const requestId = correlationId instanceof AmqpUuid ? correlationId.bytes.toString('hex') : plainUuid(correlationId);
    // As on MQTT, a status that is no integer is dropped, and what nobody waits for too.
    if (requestId === undefined || typeof status !== 'number' || !Number.isInteger(status)) return;
    this.#rooms.methods.answer(this.identity, requestId, status, Buffer.concat(message.data));
  }

  /** What a link takes: a module's inputs are received where it sends its telemetry, and a device has none. */
  #queueOf(slot: Slot): string | undefined {
    if (slot === 'messages-out') return this.identity;
    return slot === 'events-out' && this.caller.moduleId !== undefined ? inputQueue(this.identity) : undefined;
  }

  #messagesOf(link: AmqpLink): AmqpMessages | undefined {
    for (const [slot, messages] of this.#messages) if (this.#links.get(slot) === link) return messages;
    return undefined;
  }

  /** A link was ended for a fault; who has lost the last one is gone. */
  lost(link: AmqpLink): void {
    for (const [slot, present] of this.#links) if (present === link) this.#forget(slot);
    if (this.#links.size === 0) this.close('fault-injected');
  }

  #break(fault: BreakingFault, reason: string): boolean {
    const detail = reason === '' ? 'A fault was asked for.' : `A fault was asked for: ${reason}`;
    const error = amqpError('amqp:link:detach-forced', detail, this.#facts.trackingId);
    const slot = brokenSlots[fault];
    if (!slot) return this.#facts.break(fault, error);
    const link = this.#links.get(slot);
    if (!link) return false;
    link.close(error);
    this.lost(link);
    return true;
  }

  #answer(run: () => void): void {
    if (this.#faults) this.#faults.answer(run);
    else run();
  }

  /** A client that does not read what it asked for is cut off rather than misled. */
  #send(slot: Slot, message: Buffer): void {
    const link = this.#links.get(slot);
    if (link && !link.send(message)) this.close('client-too-slow');
  }

  #drop(link: AmqpLink | undefined): void {
    if (!link) return;
    for (const [slot, present] of this.#links) if (present === link) this.#forget(slot);
    link.close(amqpError('amqp:link:stolen', 'Another link took its place.', this.#facts.trackingId));
  }

  #forget(slot: Slot): void {
    const link = this.#links.get(slot);
    if (link) this.#correlationIds.delete(link);
    this.#links.delete(slot);
    if (slot === 'methods-out') {
      this.#detachMethods?.();
      this.#detachMethods = undefined;
    }
    this.#messages.get(slot)?.end();
    this.#messages.delete(slot);
    if (slot === 'twin-out') this.#twin.reset();
  }
}

/** The links that faults are called after: requests of methods are ours, those of twins the device's. */
const brokenSlots: Partial<Record<BreakingFault, Slot>> = {
  KillAmqpD2CLink: 'events-in',
  KillAmqpC2DLink: 'messages-out',
  KillAmqpMethodReqLink: 'methods-out',
  KillAmqpMethodRespLink: 'methods-in',
  KillAmqpTwinLinkReq: 'twin-in',
  KillAmqpTwinLinkResp: 'twin-out',
};

/** A uuid as text, in the form in which requests are known. */
function plainUuid(value: unknown): string | undefined {
  return typeof value === 'string' ? value.replaceAll('-', '').toLowerCase() : undefined;
}
