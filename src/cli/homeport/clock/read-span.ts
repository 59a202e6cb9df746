import { dayMs, hourMs, minuteMs, secondMs } from '#base/instant.ts';
import { CommandFailure } from '../../kit/failure.ts';

const unitsMs: Readonly<Record<string, number>> = { s: secondMs, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs };

/** `30d`, `12h`, `1d12h`: milliseconds, or a usage failure. */
export function readSpan(text: string, example = 'homeport clock advance 30d'): number {
  const parts = [...text.matchAll(/(\d{1,9})([smhdw])/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  const ms = parts.reduce((sum, [, count = '', unit = '']) => sum + Number(count) * (unitsMs[unit] ?? 0), 0);
  if (isWhole && ms > 0) return ms;
  throw new CommandFailure('usage', `'${text}' is no span of time.`, {
    why: 'It is made of numbers with s, m, h, d or w, and longer than none.',
    fix: example,
  });
}
