import type { Platform } from '#base/platform.ts';
import type { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import * as encode from '#wire/amqp/encode.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import { AmqpSender } from '#wire/amqp/sender.ts';
import type { PushAnswer, PushClient } from './push-client.ts';
import type { RoutedEvent } from './routed-event.ts';

/** For opening the link, and for the outcomes of what was sent. */
const answerMsMax = 30_000;

/** Sends events to an address of a broker that speaks AMQP 1.0. The connection stays while it is used and comes back by itself. */
export function amqpClient(
  platform: Platform,
  outgoing: Pick<Outgoing, 'connect' | 'checkBroker'>,
  { url, address }: { url: Secret; address: string },
): PushClient {
  let sender: AmqpSender | undefined;
  let isClosed = false;

  async function open(): Promise<AmqpSender> {
    if (sender && !sender.isEnded) return sender;
    const { user, ...broker } = outgoing.checkBroker(url.reveal());
    const stream = await outgoing.connect(broker);
    const containerId = `homeport-${platform.random.uuid()}`;
    sender = new AmqpSender({ stream, hostName: broker.hostName, address, user, containerId });
    if (isClosed) sender.close();
    await sender.opened();
    return sender;
  }

  /** After a while the connection is over, or a late outcome would be taken for another's. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    const cancel = platform.clock.after(answerMsMax, () =>
      sender?.close(`The broker did not answer within ${answerMsMax / 1000} s.`),
    );
    try {
      return await work;
    } finally {
      cancel();
    }
  }

  return {
    async push(events): Promise<PushAnswer> {
      try {
        const present = await inTime(open());
        const messages = events.map(formatMessage);
        const bytesMax = present.messageBytesMax ?? Number.POSITIVE_INFINITY;
        const tooLarge = messages.findIndex(({ length }) => length > bytesMax);
        const sent = tooLarge < 0 ? messages : messages.slice(0, tooLarge);
        const outcomes = await inTime(present.send(sent));
        const delivered = outcomes.findIndex(({ kind }) => kind !== 'accepted');
        const outcome = outcomes[delivered];
        if (outcome?.kind === 'lost') return { delivered, failure: { kind: 'unreachable', reason: outcome.detail } };
        if (outcome) {
          const kind = outcome.kind === 'rejected' ? 'refused' : 'unreachable';
          return { delivered, failure: { kind, reason: `The broker said ${outcome.detail}.`, isOfFirst: true } };
        }
        if (tooLarge < 0) return { delivered: events.length };
        const reason = `The broker takes at most ${bytesMax} bytes, and the message has ${messages[tooLarge]?.length}.`;
        return { delivered: tooLarge, failure: { kind: 'refused', reason, isOfFirst: true } };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { delivered: 0, failure: { kind: 'unreachable', reason } };
      }
    },
    close() {
      isClosed = true;
      sender?.close();
    },
  };
}

/** As readers of the hub's own endpoint get it (hub-service-protocol.md 9.4), without what counts there alone. */
function formatMessage({ position, system, application, deviceId, moduleId, enqueuedAt, source, body }: RoutedEvent): Buffer {
  const standard: Readonly<Record<string, string>> = system;
  const text = (name: string, format: (value: string) => Buffer) => {
    const value = Object.hasOwn(standard, name) ? standard[name] : undefined;
    return value === undefined ? undefined : format(value);
  };
  const isOwn = (name: string) => name.startsWith('iothub-') || name.startsWith('dt-');
  const annotations = Object.entries(system).filter(([name]) => isOwn(name) && name !== 'iothub-enqueuedtime');
  const module = moduleId === undefined ? '' : `/modules/${moduleId}`;
  return encodeMessage({
    annotations: [
      ...annotations.map(([name, value]) => [name, encode.string(value)] as const),
      ['iothub-enqueuedtime', encode.timestamp(enqueuedAt)],
      // The same when the event comes again.
      ['x-opt-offset', encode.string(String(position))],
      ['x-opt-partition-key', encode.string(deviceId)],
    ],
    properties: {
      messageId: text('message-id', encode.string) ?? encode.string(`${source}-${position}`),
      userId: text('user-id', (value) => encode.binary(Buffer.from(value))),
      to: encode.string(`/devices/${deviceId}${module}/messages/events`),
      correlationId: text('correlation-id', encode.string),
      contentType: text('content-type', encode.symbol),
      contentEncoding: text('content-encoding', encode.symbol),
    },
    application: Object.entries(application).map(([name, value]) => [name, encode.string(value ?? '')] as const),
    data: body,
  });
}
