import { Problem } from '#base/problem.ts';
import { propertyBytes } from '#wire/azure/message-properties.ts';
import { acceptTelemetry, type TelemetryOrigin } from './accept-telemetry.ts';

export type TelemetryParts = { readonly bag: string; readonly body: Buffer };

/**
 * Appends messages that arrived together, and resolves when the last of them, and so all, are durable. Together they
 * are as large as one may be. Throws as `acceptTelemetry` does, before the first is appended when it is for their size.
 */
export function storeTelemetry(origin: TelemetryOrigin, messages: readonly TelemetryParts[]): Promise<void> {
  const bytes = messages.reduce((sum, { bag, body }) => sum + body.length + propertyBytes(bag), 0);
  const { bytesMax } = origin;
  return new Promise((resolve, reject) => {
    if (bytes > bytesMax) {
      throw new Problem('payload-too-large', `The messages have ${bytes} bytes, at most ${bytesMax} are accepted.`);
    }
    const done = (problem?: Problem) => (problem ? reject(problem) : resolve());
    for (const [i, { bag, body }] of messages.entries()) {
      if (i === messages.length - 1) acceptTelemetry(origin, bag, body, false, done);
      else acceptTelemetry(origin, bag, body, false);
    }
  });
}
