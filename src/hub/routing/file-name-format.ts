import type { Instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';

/** Every part must be in a format, in any order, so that no two files of a destination have one name by design. */
const parts = ['{iothub}', '{partition}', '{YYYY}', '{MM}', '{DD}', '{HH}', '{mm}'] as const;

export const defaultFileNameFormat = '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}';
const lengthMax = 256;

/** Throws Problem `argument-invalid`. */
export function checkFileNameFormat(format: string): void {
  const missing = parts.find((part) => !format.includes(part));
  const rest = parts.reduce((text, part) => text.replaceAll(part, ''), format);
  const isOdd = /[{}\\]/.test(rest) || /^\/|\/$|\/\/|(?:^|\/)\.\.?(?:\/|$)/.test(format) || /\p{Cc}/u.test(format);
  if (missing === undefined && !isOdd && format.length <= lengthMax) return;
  const why = missing === undefined ? 'It is a path of such parts and other characters.' : `${missing} is missing.`;
  throw new Problem('argument-invalid', `A format of file names holds ${parts.join(', ')}. ${why}`);
}

export function formatFileName(
  format: string,
  { hubName, partition, at }: { hubName: string; partition: number; at: Instant },
): string {
  const [date = '', time = ''] = new Date(at).toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  const [hour = '', minute = ''] = time.split(':');
  return format
    .replaceAll('{iothub}', hubName)
    .replaceAll('{partition}', String(partition))
    .replaceAll('{YYYY}', year)
    .replaceAll('{MM}', month)
    .replaceAll('{DD}', day)
    .replaceAll('{HH}', hour)
    .replaceAll('{mm}', minute);
}
