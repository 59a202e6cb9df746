/** Event streams open at once, one per tab of a browser; more are answered 429. */
export const eventStreamsMax = 1_000;

/** Of the live messages of hubs: each stream reads what devices send, so there are fewer than of pages. */
export const messageStreamLimits = {
  /** Open at once; more are answered 429. */
  streamsMax: 100,
  /** What one stream carries in a second; the rest is counted and told as `skipped`. A page is for eyes. */
  messagesPerSecondMax: 100,
  bytesPerSecondMax: 256 * 1024,
  /** Of one body; a longer one is cut. */
  bodyBytesMax: 16 * 1024,
} as const;
