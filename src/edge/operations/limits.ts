import { minuteMs, secondMs } from '#base/instant.ts';

/** Requests of one operation that are remembered: one that comes again is not done again. */
export const requestsKeptMax = 20;
/** What of a result goes into the twin, which holds 32 KiB in all; more is uploaded. */
export const resultBytesMax = 6 * 1024;
/** What waits for the local broker on one connection. */
export const operationsQueue = { messagesMax: 1_000, bytesMax: 16 * 1024 * 1024 } as const;
/** The hub answers or has lost the question. */
export const twinAnswerMsMax = 30 * secondMs;
/** For bridges that do not carry what the hub says by itself. */
export const twinPollMs = 15 * minuteMs;
