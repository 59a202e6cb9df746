import { dayMs, hourMs, minuteMs } from '#base/instant.ts';

/** A sign-in link works once, and this long. */
export const signInCodeLifeMs = 10 * minuteMs;
/** A session ends when nothing was asked of it for this long … */
export const sessionIdleMsMax = 8 * hourMs;
/** … and at this age in any case. */
export const sessionAgeMsMax = 7 * dayMs;
/** How much older than the truth `last used` may be, so that reading a page does not write a row. */
export const sessionTouchMs = minuteMs;
/** What `status --secrets` mints for one script run. */
export const statusTokenLifeMs = dayMs;
/** An API token whose maker names no expiry (central.md 1.11: about one year). */
export const apiTokenLifeMsDefault = 365 * dayMs;
export const apiTokenLifeMsMax = 3 * 365 * dayMs;
/** Secrets that we invent: cookies, one-time codes, token signatures. */
export const secretBytes = 32;
