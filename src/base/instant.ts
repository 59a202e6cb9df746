/**
 * Points in time as milliseconds since 1970 UTC, branded so that a duration or a count of seconds
 * cannot be passed where an instant is meant.
 */
declare const instantBrand: unique symbol;
export type Instant = number & { readonly [instantBrand]: true };

export const secondMs = 1_000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;

/** Milliseconds since 1970 as an Instant. */
export function instant(ms: number): Instant {
  return ms as Instant;
}

/** `at` moved by `ms`, which may be negative. */
export function plus(at: Instant, ms: number): Instant {
  return (at + ms) as Instant;
}

/** ISO 8601 UTC with three fraction digits, as JavaScript writes it. */
export function formatInstant(at: Instant): string {
  return new Date(at).toISOString();
}

/** ISO 8601 UTC with the seven fraction digits that the cloud's services print. */
export function formatInstantTicks(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, -1)}0000Z`;
}

/** RFC 1123, as HTTP dates and Central's errors use it. */
export function formatHttpDate(at: Instant): string {
  return new Date(at).toUTCString();
}

/** Reads an ISO 8601 instant; a text that is none gives undefined. */
export function parseInstant(text: string): Instant | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : (ms as Instant);
}

/** The calendar year in UTC: certificate names carry it. */
export function yearOf(at: Instant): number {
  return new Date(at).getUTCFullYear();
}

/** `at` moved by whole calendar years in UTC: how the lives of CAs are counted. */
export function plusYears(at: Instant, years: number): Instant {
  const date = new Date(at);
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return instant(date.getTime());
}

/** The date that libraries ask for. */
export function dateOf(at: Instant): Date {
  return new Date(at);
}
