import type { Refusal } from '#trust/verdict.ts';

/**
 * What a message over the limit does: end the connection, as the original's hub does, or be acknowledged, dropped and
 * reported. A bridge that sends the same message after every reconnect never gets past the first (thin-edge.md 8.4).
 */
export type OversizeRule = 'close' | 'drop';

/** Said where such a message ended a connection: whoever sends it again and again can be helped. */
export function withOversizeFix(violation: Refusal): Refusal {
  if (violation.reason !== 'message-too-large') return violation;
  const fix =
    'Send less at once. With the setting hub.oversizePublish = "drop" such a message is dropped and the connection goes on.';
  return { ...violation, fix };
}
