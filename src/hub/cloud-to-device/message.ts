import type { Instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { formatCloudToDeviceTopic, formatInputTopic } from '#wire/azure/hub-topics.ts';
import { type Acknowledgement, encodeCloudToDeviceBag } from '#wire/azure/message-properties.ts';
import type { Identity } from '../identity.ts';
import type { CloudToDeviceLimits } from './limits.ts';

type MessageParts = {
  readonly messageId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly userId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly application: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
};

/** A message as its sender gives it. */
export type NewMessage = Partial<MessageParts> & {
  readonly body: Buffer;
  /** Which input of a module it is for; without it, it is for the module as such. */
  readonly input?: string | undefined;
  /** Default `none`. */
  readonly acknowledgement?: Acknowledgement | undefined;
  /** Default: the hub's time to live from now. */
  readonly expiresAt?: Instant | undefined;
  /** The same, counted from when it is queued. */
  readonly timeToLiveMs?: number | undefined;
};

/** A message as it waits for its device. */
export type QueuedMessage = MessageParts & {
  readonly identity: Identity;
  /** The input of the module that it is for. */
  readonly input?: string | undefined;
  /** Of the identity when the message was sent to it. */
  readonly generationId: string;
  /** Grows from message to message. */
  readonly sequence: number;
  /** Undefined for a sender who did not say, which is `none`. */
  readonly acknowledgement: Acknowledgement | undefined;
  readonly enqueuedAt: Instant;
  readonly expiresAt: Instant;
  /** Whether the sender said when it expires; otherwise the device is not told. */
  readonly isExpiryAsked: boolean;
  /** How often it was abandoned. */
  readonly deliveryCount: number;
};

/** A message in the hands of its device, which settles it by the token. */
export type LockedMessage = QueuedMessage & {
  /** A GUID: AMQP clients send its sixteen bytes as delivery tag. */
  readonly lockToken: string;
};

export type DeliveredMessage = LockedMessage & {
  /** The same receiver had it before. */
  readonly isRedelivered: boolean;
};

const idPattern = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']+$/;
/** A name becomes part of an HTTP header's (hub-device-protocol.md 10). */
const namePattern = /^[A-Za-z0-9!#$%&'*+\-.^_~`|]+$/;
/** An input's name is a level of an MQTT topic, which every client cuts out as it stands. */
const inputPattern = /^[A-Za-z0-9\-._]{1,128}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const controlPattern = /[\u0000-\u001f\u007f]/;

/** Where a message goes, as its `to` property says it. */
export function messageAddress({ identity: { deviceId, moduleId }, input }: Pick<QueuedMessage, 'identity' | 'input'>): string {
  if (moduleId === undefined) return `/devices/${deviceId}/messages/deviceBound`;
  return `/devices/${deviceId}/modules/${moduleId}/${input === undefined ? 'messages/deviceBound' : `inputs/${input}`}`;
}

/** The topic on which MQTT brings it. */
export function messageTopic(message: QueuedMessage): string {
  const { identity, input } = message;
  const bag = encodeMessageBag(message);
  return input === undefined ? formatCloudToDeviceTopic(identity, bag) : formatInputTopic(identity, input, bag);
}

/** What stands in the last level of the MQTT topic: what the sender said, and where it goes. */
export function encodeMessageBag(message: QueuedMessage): string {
  const { isExpiryAsked, expiresAt, ...rest } = message;
  return encodeCloudToDeviceBag({ ...rest, to: messageAddress(message), ...(isExpiryAsked && { expiresAt }) });
}

/**
 * Throws Problem `argument-invalid` or `payload-too-large` for what could not be delivered on every protocol, so that
 * a message that was accepted can be.
 */
export function checkMessage(message: QueuedMessage, limits: CloudToDeviceLimits): void {
  const { messageId, correlationId, userId, contentType, contentEncoding, application, body, input } = message;
  if (messageId !== undefined) checkId(messageId, limits.idCharactersMax);
  if (input !== undefined) checkInput(message.identity, input);
  const texts = [messageId, correlationId, userId, contentType, contentEncoding].filter((text) => text !== undefined);
  for (const [name, value] of application) {
    if (!namePattern.test(name)) {
      const shown = JSON.stringify(name.slice(0, 64));
      throw invalid(`A property name has letters, digits and ! # $ % & ' * + - . ^ _ ~ \` |, which ${shown} has not.`);
    }
    texts.push(name, value);
  }
  if (texts.some((text) => controlPattern.test(text))) throw invalid('A property holds a control character.');
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), body.length);
  const { messageBytesMax, topicBytesMax } = limits;
  if (bytes > messageBytesMax) {
    throw new Problem('payload-too-large', `The message has ${bytes} bytes, at most ${messageBytesMax} are accepted.`);
  }
  if (messageTopic(message).length > topicBytesMax) {
    throw new Problem('payload-too-large', 'The properties are longer than an MQTT topic can be.');
  }
}

function checkId(text: string, most: number): void {
  if (idPattern.test(text) && text.length <= most) return;
  throw invalid(`A message id has 1 to ${most} characters of A-Z a-z 0-9 and - : . + % _ # * ? ! ( ) , = @ ; $ '.`);
}

function checkInput({ moduleId }: Identity, input: string): void {
  if (moduleId === undefined) throw invalid('Only a module has inputs.');
  if (!inputPattern.test(input)) throw invalid('The name of an input has 1 to 128 characters of A-Z a-z 0-9 and - . _');
}

function invalid(detail: string): Problem {
  return new Problem('argument-invalid', detail);
}
