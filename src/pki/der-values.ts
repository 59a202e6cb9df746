import { type Instant, instant } from '#base/instant.ts';
import { type DerElement, derTags, unexpected } from './der-reader.ts';

/** One byte; any but 0 is true, which is what everybody else reads. */
export function decodeBoolean(content: Buffer): boolean {
  if (content.length !== 1) throw unexpected('a truth value has another size than one byte');
  return content[0] !== 0;
}

/** The bytes of a BIT STRING. A signature whose last byte is not used whole verifies under no key, which is for others to find. */
export function decodeBits(content: Buffer): Buffer {
  if (content.length === 0 || (content[0] ?? 8) > 7) throw unexpected('a bit string is none');
  return content.subarray(1);
}

/** RFC 5280 4.1.2.5: to the second, in UTC, and two digits of a year are of 1950 to 2049. */
export function decodeTime({ tag, content }: DerElement): Instant {
  const text = content.toString('latin1');
  const digits = tag === derTags.utcTime ? 2 : tag === derTags.generalizedTime ? 4 : 0;
  if (digits === 0 || text.length !== digits + 11 || !/^\d+Z$/.test(text)) throw unexpected('a date is not one');
  const year = Number(text.slice(0, digits));
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = [0, 2, 4, 6, 8].map((at) =>
    Number(text.slice(digits + at, digits + at + 2)),
  );
  const date = new Date(0);
  date.setUTCFullYear(digits === 4 ? year : year < 50 ? 2000 + year : 1900 + year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // A month of 13 or a second of 61 would be another date.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || date.getUTCSeconds() !== second)
    throw unexpected('a date is not one');
  return instant(date.getTime());
}
