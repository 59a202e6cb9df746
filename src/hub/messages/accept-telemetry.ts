import type { Clock } from '#base/clock.ts';
import { type Counter, metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Traces } from '#base/traces.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { propertyBytes } from '#wire/azure/message-properties.ts';
import type { EventLog, NewEvent } from '../events/event-log.ts';
import { encodeSystemProperties } from '../events/event-record.ts';
import type { MessageLimits } from './limits.ts';
import { traceTelemetry } from './trace-telemetry.ts';

/** Everything about a sender that stays the same for a session: resolved at sign-in, not per message. */
export type TelemetryOrigin = {
  readonly clock: Clock;
  readonly log: Pick<EventLog, 'append'>;
  readonly deviceId: string;
  readonly moduleId: string | undefined;
  /** Of one message, or of a batch together. */
  readonly bytesMax: number;
  /** The properties that the hub stamps, beside those that the log knows itself (device, time, source). */
  readonly system: Buffer;
  readonly received: Counter;
  readonly bytesReceived: Counter;
  readonly protocol: TelemetryProtocol;
  /** Undefined where no message is followed. */
  readonly traces: Traces | undefined;
};

/** What a message came over. */
export type TelemetryProtocol = 'mqtt' | 'amqp' | 'https' | 'broker';

export function telemetryOrigin(
  platform: Pick<Platform, 'clock' | 'metrics' | 'traces'>,
  protocol: TelemetryProtocol,
  log: Pick<EventLog, 'append'>,
  caller: DeviceCaller,
  modelId: string,
  limits: MessageLimits,
): TelemetryOrigin {
  const { scope, type } = caller.authMethod;
  const issuer = type === 'x509' ? 'external' : 'iothub';
  const system = encodeSystemProperties({
    'iothub-connection-auth-generation-id': caller.generationId,
    'iothub-connection-auth-method': JSON.stringify({ scope, type, issuer, acceptingIpFilterRule: null }),
    ...(modelId === '' ? {} : { 'dt-dataschema': modelId }),
  });
  const metrics = metricsOf(platform);
  return {
    clock: platform.clock,
    log,
    deviceId: caller.deviceId,
    moduleId: caller.moduleId,
    bytesMax: limits.telemetryBytesMax,
    system,
    protocol,
    traces: platform.traces,
    received: metrics.counter('homeport_messages_received_total', { protocol }),
    bytesReceived: metrics.counter('homeport_message_bytes_received_total', { protocol }),
  };
}

/**
 * Appends one device-to-cloud message and returns its position; it may be acknowledged once that
 * position is durable. `bag` is the property text as the device sent it; it stays text until somebody
 * asks. `done` is for who sends one now and then: see EventLog. Throws Problem `payload-too-large`, and what the log throws when it takes nothing.
 *
 * The hot path: no closure, no promise, no copy of the body here.
 */
export function acceptTelemetry(
  origin: TelemetryOrigin,
  bag: string,
  body: Buffer,
  isRetained: boolean,
  done?: (problem?: Problem) => void,
): number {
  checkTelemetry(origin, bag, body);
  const event: NewEvent = {
    source: 'Telemetry',
    deviceId: origin.deviceId,
    moduleId: origin.moduleId,
    enqueuedAt: origin.clock.now(),
    // Nothing is retained; the receiver is told that the device asked for it (hub-device-protocol.md 4.4).
    bag: isRetained ? withProperty(bag, 'mqtt-retain', 'true') : bag,
    system: origin.system,
    body,
  };
  const position = origin.traces ? appendTraced(origin, origin.traces, event, done) : origin.log.append(event, done);
  origin.received.value++;
  origin.bytesReceived.value += body.length;
  return position;
}

function appendTraced(origin: TelemetryOrigin, traces: Traces, event: NewEvent, done?: (problem?: Problem) => void): number {
  const traced = traceTelemetry(traces, event, origin.protocol, done);
  return origin.log.append(traced.event, traced.done);
}

/** The will of a session that ended without a DISCONNECT. */
export function acceptWill(origin: TelemetryOrigin, bag: string, body: Buffer, isRetained: boolean): number {
  return acceptTelemetry(origin, withProperty(bag, 'iothub-MessageType', 'Will'), body, isRetained);
}

/** Adds a property to a bag. A slash at the end, which Node's module outputs send, belongs to no value. */
function withProperty(bag: string, name: string, value: string): string {
  const text = bag.endsWith('/') ? bag.slice(0, -1) : bag;
  return text === '' ? `${name}=${value}` : `${text}&${name}=${value}`;
}

/** For who has several to append, of which none is too large before the first is. Throws Problem `payload-too-large`. */
export function checkTelemetry({ bytesMax }: Pick<TelemetryOrigin, 'bytesMax'>, bag: string, body: Buffer): void {
  if (body.length + bag.length > bytesMax) checkSize(bag, body, bytesMax);
}

/** Names and values count as they are, not as they are encoded: an escape of three characters is one byte. */
function checkSize(bag: string, body: Buffer, bytesMax: number): void {
  const size = body.length + propertyBytes(bag);
  if (size <= bytesMax) return;
  throw new Problem('payload-too-large', `The message has ${size} bytes; at most ${bytesMax} are accepted.`);
}
