/** What a hub takes (hub-service-protocol.md 10.3, 10.4), and how it delivers. */
export const routesMax = 100;
export const destinationsMax = 10;
export const enrichmentsMax = 10;
export const conditionLengthMax = 4_096;
export const enrichmentValueLengthMax = 1_024;

/** Events that a destination would not take. At the limit its delivery waits, so that nothing is lost unseen. */
export const deadLettersMax = 1_000;

/** Of one call: what an outgoing request may hold is 1 MiB, and a body that is no JSON grows by a third. */
export const callEventsMax = 100;
export const callBytesMax = 512 * 1024;

/** Between two attempts: doubled from the first to the last, and somewhere in the upper half of that. */
export const retryMs = { first: 1_000, last: 60_000 } as const;

/** How often an event that makes a destination fail, all alone, is tried before it is a dead letter. */
export const attemptsMax = 8;

/** After this time without success a destination counts as dead; it is tried all the same. */
export const deadAfterMs = 24 * 60 * 60 * 1000;

/** Of files of events: in seconds, and in bytes. The cloud's. */
export const batchSeconds = { min: 60, max: 720, default: 300 } as const;
export const chunkBytes = { min: 10_485_760, max: 524_288_000, default: 104_857_600 } as const;
