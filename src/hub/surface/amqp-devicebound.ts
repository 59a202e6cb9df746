import { instant } from '#base/instant.ts';
import type { Log } from '#base/log.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { AmqpDelivery, AmqpError } from '#wire/amqp/handler.ts';
import { type AmqpMessage, decodeMessage } from '#wire/amqp/message.ts';
import { AmqpViolation } from '#wire/amqp/value.ts';
import { parseDeviceAddress, spellings } from '#wire/azure/hub-addresses.ts';
import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import type { NewMessage } from '../cloud-to-device/message.ts';
import { type Identity, identityName } from '../identity.ts';
import { IdentityQueue } from '../identity-queue.ts';
import { amqpError, amqpErrorOf } from './amqp-errors.ts';
import { bodyOf, propertyText, refuseProperty } from './amqp-parts.ts';
import { auditSentMessage, type HubAudit } from './audit-calls.ts';
import { parseAcknowledgement } from './message-headers.ts';
import type { ServeLink } from './service-links.ts';

/**
 * Messages to devices that a back end sends on one link (hub-service-protocol.md 8.1). Each is accepted when it is on
 * disk. Those to one device keep their order; for the others none waits.
 */
export function serveDevicebound(log: Log, cloudToDevice: Pick<CloudToDevice, 'send' | 'limits'>, audit?: HubAudit): ServeLink {
  const { messageBytesMax } = cloudToDevice.limits;
  // Nothing that could be taken is longer as AMQP writes it, and no more of a message is held while it waits for the one
  // before it: a link may have sent a hundred.
  const encodedBytesMax = 2 * messageBytesMax;
  return ({ request, caller, peer }) => {
    const { trackingId } = peer;
    const sent = (target: string) => audit && auditSentMessage(audit, caller, peer, target);
    if (!request.isIncoming) {
      return { refuse: amqpError('amqp:not-allowed', 'Messages to devices are sent on this address.', trackingId) };
    }
    const queue = new IdentityQueue();
    const server = {
      message(delivery: AmqpDelivery): void {
        const explain = (error: unknown) => {
          const problem = asProblem(error);
          if (!(error instanceof AmqpViolation) && problem.code === 'internal') {
            log.error('cloud-to-device.unsent', { trackingId, error: String(problem.cause) });
          }
          delivery.reject(errorOf(error, trackingId));
        };
        try {
          if (delivery.bytes.length > encodedBytesMax) {
            throw new Problem('payload-too-large', `A message has at most ${messageBytesMax} bytes.`);
          }
          const message = decodeMessage(delivery.bytes);
          const { name, spelled } = readTarget(message);
          const fresh = newMessageOf(message);
          queue
            .run(name, () => sendTo(cloudToDevice, spelled, fresh))
            .then(() => sent(name))
            .then(() => delivery.accept(), explain);
        } catch (error) {
          explain(error);
        }
      },
    };
    return { accept: () => server };
  };
}

/** Whom `to` names. Node encodes the id, Python and the CLI do not; an id may hold a `%` of its own. */
function readTarget({ properties }: AmqpMessage): { name: string; spelled: readonly Identity[] } {
  const to = properties.get('to');
  const target = typeof to === 'string' ? parseDeviceAddress(to) : undefined;
  if (target?.kind !== 'messages') {
    throw new AmqpViolation('amqp:not-allowed', 'to is /devices/{device}[/modules/{module}]/messages/devicebound.');
  }
  const [raw, decoded] = spellings(target);
  return { name: identityName(raw), spelled: decoded ? [raw, decoded] : [raw] };
}

async function sendTo(
  cloudToDevice: Pick<CloudToDevice, 'send'>,
  [first, ...others]: readonly Identity[],
  message: NewMessage,
): Promise<void> {
  if (!first) return;
  try {
    await cloudToDevice.send(identityName(first), message);
  } catch (error) {
    const isUnknown = error instanceof Problem && (error.code === 'device-not-found' || error.code === 'not-found');
    if (!isUnknown || others.length === 0) throw error;
    await sendTo(cloudToDevice, others, message);
  }
}

/** Throws Problem `argument-invalid` for what has no form in the hub. */
function newMessageOf(message: AmqpMessage): NewMessage {
  const { properties } = message;
  const text = (name: 'messageId' | 'correlationId' | 'contentType' | 'contentEncoding') => {
    const value = properties.get(name);
    return value === undefined ? undefined : (propertyText(value) ?? refuseProperty(name));
  };
  const userId = properties.get('userId');
  const expiry = properties.get('absoluteExpiryTime');
  const application: [string, string][] = [];
  let acknowledgement: NewMessage['acknowledgement'];
  for (const [key, value] of message.application) {
    const name = String(key);
    // A property without a value is one without text, as on MQTT.
    const valueText = value === null ? '' : (propertyText(value) ?? refuseProperty(key));
    if (name.toLowerCase() === 'iothub-ack') acknowledgement = parseAcknowledgement(valueText || 'none');
    else application.push([name, valueText]);
  }
  return {
    messageId: text('messageId'),
    correlationId: text('correlationId'),
    userId: Buffer.isBuffer(userId) ? userId.toString() : typeof userId === 'string' ? userId : undefined,
    contentType: text('contentType'),
    contentEncoding: text('contentEncoding'),
    acknowledgement,
    expiresAt: expiry instanceof Date ? instant(expiry.getTime()) : undefined,
    application,
    // Of its own, so that nothing holds the rest of what was sent.
    body: Buffer.from(bodyOf(message)),
  };
}

function errorOf(error: unknown, trackingId: string): AmqpError {
  if (error instanceof AmqpViolation) return amqpError(error.condition, error.message, trackingId, 400006);
  return amqpErrorOf(asProblem(error), trackingId);
}
