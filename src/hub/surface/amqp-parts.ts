import { Problem } from '#base/problem.ts';
import { type AmqpMessage, textOf } from '#wire/amqp/message.ts';
import { AmqpUuid, type AmqpValue } from '#wire/amqp/value.ts';

// What parts of an AMQP message are in the hub, whoever sent it.

/** Undefined for what has no one form as text. A uuid is the text that Node made it of. */
export function propertyText(value: AmqpValue | undefined): string | undefined {
  return value instanceof AmqpUuid ? value.toString() : Buffer.isBuffer(value) ? value.toString('base64') : textOf(value);
}

export function refuseProperty(key: AmqpValue): never {
  throw new Problem('argument-invalid', `The property ${String(key).slice(0, 100)} has a value that is no simple one.`);
}

/** One data section is what SDKs send; several are one body, and a value is taken where it is text or bytes. */
export function bodyOf({ data, value }: AmqpMessage): Buffer {
  const [only] = data;
  if (data.length === 1 && only) return only;
  if (data.length > 1) return Buffer.concat(data);
  if (typeof value === 'string') return Buffer.from(value);
  if (Buffer.isBuffer(value)) return value;
  if (value === undefined || value === null) return Buffer.alloc(0);
  throw new Problem('argument-invalid', 'The body of a message is bytes or text.');
}
