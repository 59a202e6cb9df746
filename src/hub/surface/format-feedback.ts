import { formatInstantTicks } from '#base/instant.ts';
import type { FeedbackRecord, Outcome } from '../cloud-to-device/feedback.ts';

const descriptions: Record<Outcome, string> = {
  Success: 'The device completed the message.',
  Expired: 'The message expired before the device completed it.',
  DeliveryCountExceeded: 'The device abandoned the message too often.',
  Rejected: 'The device rejected the message.',
  Purged: 'The message was purged before the device completed it.',
};

/** One record as back ends read it, over REST and AMQP (hub-service-protocol.md 8.4). */
export function formatFeedback({ originalMessageId = '', identity, generationId, outcome, at }: FeedbackRecord) {
  return {
    originalMessageId,
    description: descriptions[outcome],
    deviceGenerationId: generationId,
    deviceId: identity.deviceId,
    ...(identity.moduleId === undefined ? {} : { moduleId: identity.moduleId }),
    enqueuedTimeUtc: formatInstantTicks(at),
    statusCode: outcome,
  };
}
