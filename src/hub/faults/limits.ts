import { hourMs, minuteMs, secondMs } from '#base/instant.ts';

/** What a fault may last, and how many of them there may be. */
export const faultLimits = {
  /** Of what a message asks for; a larger number counts as this one. */
  delayMsMax: 10 * minuteMs,
  durationMsMax: hourMs,
  /** C's suite asks for no duration and looks for the fault three seconds later. */
  durationMsDefault: 10 * secondMs,
  /** Before a connection ends for a fault: what acknowledges the message that asked for it must arrive, or it comes again for ever. */
  delayMsMin: 100,
  /** Faults that one connection has asked for and that have not begun. */
  pendingMax: 10,
  reasonCharactersMax: 256,
  rulesMax: 100,
  latencyMsMax: minuteMs,
  everyMsMin: secondMs,
  everyMsMax: 24 * hourMs,
  ruleMsMax: 30 * 24 * hourMs,
} as const;
