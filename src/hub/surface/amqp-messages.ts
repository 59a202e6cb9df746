import type { Log } from '#base/log.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { binary, string, symbol, timestamp, ubyte, ulong } from '#wire/amqp/encode.ts';
import type { AmqpError, AmqpOutcome } from '#wire/amqp/handler.ts';
import type { AmqpLink } from '#wire/amqp/link.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import type { Receiver } from '../cloud-to-device/attachment.ts';
import type { CloudToDevice, Delivery } from '../cloud-to-device/cloud-to-device.ts';
import { type DeliveredMessage, messageAddress } from '../cloud-to-device/message.ts';
import { amqpError, amqpErrorOf } from './amqp-errors.ts';

export type AmqpMessagesOptions = {
  readonly log: Log;
  readonly cloudToDevice: Pick<CloudToDevice, 'attach' | 'complete' | 'reject' | 'abandon' | 'limits'>;
  readonly queue: string;
  readonly link: AmqpLink;
  readonly trackingId: string;
};

/** Messages of one queue on one link (hub-device-protocol.md 5.6): as many as it has credit, settled by their tag. */
export class AmqpMessages implements Receiver {
  readonly #options: AmqpMessagesOptions;
  /** What the device has not said anything of, by tag. */
  readonly #unsettled = new Map<string, string>();
  readonly #delivery: Delivery;

  constructor(options: AmqpMessagesOptions) {
    this.#options = options;
    this.#delivery = options.cloudToDevice.attach(options.queue, this);
  }

  /** Receiver. */
  get room(): number {
    return Math.min(this.#options.link.credit, this.#options.cloudToDevice.limits.pendingMax - this.#unsettled.size);
  }

  /** Receiver. */
  deliver(message: DeliveredMessage): boolean {
    const { link } = this.#options;
    // A GUID as bytes, and nothing else: .NET makes the lock token of it again.
    const tag = Buffer.from(message.lockToken.replaceAll('-', ''), 'hex');
    if (link.credit <= 0 || !link.send(encode(message), tag)) return false;
    if (link.isPresettled) this.#settle('accepted', message.lockToken).catch((error) => this.#report(error));
    else this.#unsettled.set(tag.toString('hex'), message.lockToken);
    return true;
  }

  /** What the device made of a message. Resolves when that is stored, with an error when it came too late. */
  async outcome(tag: Buffer, outcome: AmqpOutcome): Promise<AmqpError | undefined> {
    const lockToken = this.#unsettled.get(tag.toString('hex'));
    if (lockToken === undefined) return undefined;
    this.#unsettled.delete(tag.toString('hex'));
    try {
      await this.#settle(outcome, lockToken);
      return undefined;
    } catch (error) {
      this.#report(error);
      return this.#explain(error);
    } finally {
      this.#delivery.resume();
    }
  }

  writable(): void {
    this.#delivery.resume();
  }

  end(): void {
    this.#delivery.detach();
  }

  async #settle(outcome: AmqpOutcome, lockToken: string): Promise<void> {
    const { cloudToDevice, queue } = this.#options;
    if (outcome === 'accepted') await cloudToDevice.complete(queue, lockToken);
    else if (outcome === 'rejected') await cloudToDevice.reject(queue, lockToken);
    else await cloudToDevice.abandon(queue, lockToken);
  }

  /** Too late, or purged: it comes again, or is no more. */
  #report(error: unknown): void {
    if (error instanceof Problem) return;
    const { log, queue: identity, trackingId } = this.#options;
    log.error('cloud-to-device.unsettled', { identity, trackingId, error: String(error) });
  }

  #explain(error: unknown): AmqpError {
    const { trackingId } = this.#options;
    const problem = asProblem(error);
    if (problem.code !== 'precondition-failed') return amqpErrorOf(problem, trackingId);
    return amqpError('com.microsoft:message-lock-lost', problem.message, trackingId, 412002);
  }
}

function encode(message: DeliveredMessage): Buffer {
  const { messageId, correlationId, userId, contentType, contentEncoding, application, input } = message;
  const text = (value: string | undefined) => (value === undefined ? undefined : string(value));
  const name = (value: string | undefined) => (value === undefined ? undefined : symbol(value));
  return encodeMessage({
    annotations: [
      ['x-opt-lock-token', string(message.lockToken)],
      ['x-opt-sequence-number', ulong(message.sequence)],
      ['iothub-enqueuedtime', timestamp(message.enqueuedAt)],
      ['iothub-deliverycount', ubyte(Math.min(message.deliveryCount, 255))],
      ...(input === undefined ? [] : [['x-opt-input-name', string(input)] as const]),
    ],
    properties: {
      messageId: text(messageId),
      userId: userId === undefined ? undefined : binary(Buffer.from(userId)),
      to: string(messageAddress(message)),
      correlationId: text(correlationId),
      contentType: name(contentType),
      contentEncoding: name(contentEncoding),
      absoluteExpiryTime: message.isExpiryAsked ? timestamp(message.expiresAt) : undefined,
    },
    ...(application.length > 0 && { application: application.map(([key, value]) => [key, string(value)] as const) }),
    data: message.body,
  });
}
