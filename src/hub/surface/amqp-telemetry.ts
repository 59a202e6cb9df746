import { formatInstantTicks, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { type AmqpMessage, decodeMessage } from '#wire/amqp/message.ts';
import type { AmqpValue } from '#wire/amqp/value.ts';
import { encodeDeviceBag, type SystemPropertyName } from '#wire/azure/message-properties.ts';
import { bodyOf, propertyText, refuseProperty } from './amqp-parts.ts';

/** Every data section holds a whole message of its own (hub-device-protocol.md 5.5). */
const batchFormat = 0x80013700;

/** What became of one message: its properties as MQTT would have brought them, and its body. */
export type TelemetryParts = { readonly bag: string; readonly body: Buffer };

/** Application properties and annotations that stand for a system property. */
const applicationSystem: ReadonlyMap<AmqpValue, SystemPropertyName> = new Map<AmqpValue, SystemPropertyName>([
  ['iothub-creation-time-utc', 'iothub-creation-time-utc'],
  ['iothub-message-schema', 'iothub-message-schema'],
  ['iothub-outputname', 'iothub-outputname'],
]);
const annotationSystem: ReadonlyMap<AmqpValue, SystemPropertyName> = new Map<AmqpValue, SystemPropertyName>([
  ['iothub-interface-id', 'iothub-interface-id'],
  ['dt-subject', 'dt-subject'],
  ['Diagnostic-Id', 'Diagnostic-Id'],
  ['Correlation-Context', 'Correlation-Context'],
]);

/** Messages in a batch; each costs a record in the log. */
const batchMessagesMax = 1_000;

/**
 * The messages of one delivery, in their order. Throws AmqpViolation for bytes that are no message, and Problem
 * `argument-invalid` for a message that has no form in the hub.
 */
export function readTelemetry(format: number, bytes: Buffer): TelemetryParts[] {
  const message = decodeMessage(bytes);
  if (format === 0) return [partsOf(message)];
  if (format !== batchFormat) {
    throw new Problem('argument-invalid', `Messages of the format 0x${format.toString(16)} are not taken.`);
  }
  if (message.data.length > batchMessagesMax) {
    throw new Problem('argument-invalid', `A batch has at most ${batchMessagesMax} messages.`);
  }
  return message.data.map((one) => partsOf(decodeMessage(one)));
}

function partsOf(message: AmqpMessage): TelemetryParts {
  const system: { [Name in SystemPropertyName]?: string } = {};
  const put = (name: SystemPropertyName, value: AmqpValue | undefined): void => {
    const text = propertyText(value);
    if (text !== undefined) system[name] = text;
  };
  const { properties } = message;
  put('message-id', properties.get('messageId'));
  put('correlation-id', properties.get('correlationId'));
  const userId = properties.get('userId');
  if (Buffer.isBuffer(userId)) system['user-id'] = userId.toString();
  put('to', properties.get('to'));
  put('content-type', properties.get('contentType'));
  put('content-encoding', properties.get('contentEncoding'));
  const expiry = properties.get('absoluteExpiryTime');
  if (expiry instanceof Date) system['absolute-expiry-time'] = formatInstantTicks(instant(expiry.getTime()));
  for (const [key, value] of message.annotations) {
    const name = annotationSystem.get(key);
    if (name) put(name, value);
  }
  const application: [string, string | null][] = [];
  for (const [key, value] of message.application) {
    const name = applicationSystem.get(key);
    if (name) put(name, value);
    else application.push([String(key), value === null ? null : (propertyText(value) ?? refuseProperty(key))]);
  }
  return { bag: encodeDeviceBag({ system, application }), body: bodyOf(message) };
}
