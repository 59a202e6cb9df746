import { dayMs, minuteMs } from '#base/instant.ts';

/** A sign-in link works once, and this long. */
export const signInCodeLifeMs = 10 * minuteMs;
/** How much older than the truth `last used` may be, so that reading a page does not write a row. */
export const sessionTouchMs = minuteMs;
/** What `status --secrets` mints for one script run. */
export const statusTokenLifeMs = dayMs;
/** An API token whose maker names no expiry (central.md 1.11: about one year). */
export const apiTokenLifeMsDefault = 365 * dayMs;
export const apiTokenLifeMsMax = 3 * 365 * dayMs;
/** Secrets that we invent: cookies, one-time codes, token signatures. */
export const secretBytes = 32;
/** How long an expired token is remembered, so that its refusal can say that it expired. */
export const expiredTokenKeptMs = 30 * dayMs;
