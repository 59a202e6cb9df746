import { Problem } from '#base/problem.ts';
import type { EventBatch } from '../contract/device-requests.ts';
import type { TelemetryParts } from '../messages/store-telemetry.ts';
import { sortProperties, telemetryBagOf } from './message-headers.ts';

/** What says that a body is a batch of messages (hub-device-protocol.md 6.1). */
export const batchMediaType = 'application/vnd.microsoft.iothub.json';

/** The messages of a batch, in their order. Throws Problem `argument-invalid` for one that is none: it is all or nothing. */
export function readBatch(batch: EventBatch): TelemetryParts[] {
  return batch.map(({ body, base64Encoded, properties }) => ({
    bag: telemetryBagOf(sortProperties(Object.entries(properties ?? {}))),
    body: base64Encoded === false ? Buffer.from(body) : decodeBase64(body),
  }));
}

function decodeBase64(text: string): Buffer {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(text)) return Buffer.from(text, 'base64');
  throw new Problem('argument-invalid', 'The body of a message in the batch is no base64.');
}
