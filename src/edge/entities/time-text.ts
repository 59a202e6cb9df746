import { secondMs } from '#base/instant.ts';

export type TimeFormat = 'unix' | 'rfc-3339';

/** The first second of year 0 and the last of year 9999: what RFC 3339 can say. */
const secondsMin = -62_167_219_200;
const secondsMax = 253_402_300_799.999;

/** Seconds since 1970 of a text of RFC 3339, with whatever fraction it has; undefined for any other text. */
export function parseRfc3339(text: string): number | undefined {
  const pattern = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d{1,30})?([Zz]|[+-]\d\d:\d\d)$/;
  const [, year = '', month = '', day = '', time = '', fraction = '', zone = ''] = pattern.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${time}${zone.toUpperCase()}`);
  // Dates that do not exist, such as 30 February, are not moved to the next that does.
  if (Number.isNaN(ms) || Number(day) > daysIn(Number(year), Number(month))) return undefined;
  return ms / secondMs + Number(`0${fraction}`);
}

/** Seconds since 1970 as JSON: a number with a fraction, as the original prints one, or a text in UTC. Undefined where RFC 3339 has no such time. */
export function formatSeconds(seconds: number, format: TimeFormat): string | undefined {
  if (format === 'unix') return Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
  if (!(seconds >= secondsMin && seconds <= secondsMax)) return undefined;
  const text = new Date(Math.round(seconds * secondMs)).toISOString();
  return JSON.stringify(text.replace(/\.?0*Z$/, 'Z'));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year === 0 ? 4 : year, month, 0)).getUTCDate();
}
