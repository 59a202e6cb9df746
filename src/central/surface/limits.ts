/** Event streams open at once, one per tab of a browser; more are answered 429. */
export const eventStreamsMax = 1_000;
