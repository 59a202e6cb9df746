import { formatInstantTicks, type Instant } from '#base/instant.ts';
import { binary, symbol, timestamp } from '#wire/amqp/encode.ts';
import { encodeMessage } from '#wire/amqp/message.ts';
import type { Feedback } from '../cloud-to-device/feedback.ts';
import type { FileNotification, FileNotifications } from '../files/notifications.ts';
import type { ServiceQueue } from './amqp-service-receiver.ts';
import { formatFeedback } from './format-feedback.ts';

/** What became of messages, a batch in each message (hub-service-protocol.md 8.4). */
export function feedbackQueue(
  feedback: Pick<Feedback, 'onArrival' | 'receive' | 'complete' | 'abandon'>,
  hubName: string,
): ServiceQueue {
  return {
    onArrival: (listener) => feedback.onArrival(listener),
    async receive() {
      const batch = await feedback.receive();
      const last = batch?.records.at(-1);
      if (!batch || !last) return undefined;
      const { lockToken, records } = batch;
      return { lockToken, message: encodeJson('feedback', hubName, last.at, records.map(formatFeedback)) };
    },
    complete: (lockToken) => feedback.complete(lockToken),
    abandon: (lockToken) => feedback.abandon(lockToken),
    // Who rejects what became of messages has heard of it all the same.
    reject: (lockToken) => feedback.complete(lockToken),
  };
}

/** Files that devices have uploaded, one in each message (8.5). */
export function fileNotificationQueue(
  notifications: Pick<FileNotifications, 'onArrival' | 'receive' | 'complete' | 'abandon' | 'reject'>,
  hubName: string,
): ServiceQueue {
  return {
    onArrival: (listener) => notifications.onArrival(listener),
    async receive() {
      const held = await notifications.receive();
      if (!held) return undefined;
      const { lockToken, notification } = held;
      const message = encodeJson('filenotification', hubName, notification.enqueuedAt, formatNotification(notification));
      return { lockToken, message };
    },
    complete: (lockToken) => notifications.complete(lockToken),
    abandon: (lockToken) => notifications.abandon(lockToken),
    reject: (lockToken) => notifications.reject(lockToken),
  };
}

function formatNotification({ deviceId, blobUri, blobName, modifiedAt, blobBytes, enqueuedAt }: FileNotification) {
  return {
    deviceId,
    blobUri,
    blobName,
    lastUpdatedTime: formatInstantTicks(modifiedAt),
    blobSizeInBytes: blobBytes,
    enqueuedTimeUtc: formatInstantTicks(enqueuedAt),
  };
}

/** .NET reads the annotation and the user id; the content type says what the body is. */
function encodeJson(what: 'feedback' | 'filenotification', hubName: string, enqueuedAt: Instant, body: unknown): Buffer {
  return encodeMessage({
    annotations: [['iothub-enqueuedtime', timestamp(enqueuedAt)]],
    properties: {
      userId: binary(Buffer.from(hubName)),
      contentType: symbol(`application/vnd.microsoft.iothub.${what}.json`),
    },
    data: Buffer.from(JSON.stringify(body)),
  });
}
