import { dayMs, hourMs, minuteMs, secondMs } from '#base/instant.ts';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: secondMs, m: minuteMs, h: hourMs, d: dayMs, w: 7 * dayMs };

/** A hundred years: beyond it a date leaves the formats that certificates have. */
const durationMsMax = 36_500 * dayMs;

/** `60`, `60s`, `1h 30m`, `365d` in milliseconds; a bare number counts seconds. Anything else gives undefined. */
export function parseDuration(text: string): number | undefined {
  if (!/^\s*(\d{1,15}|(\d{1,15}\s*(ms|[smhdw])\s*)+)$/.test(text)) return undefined;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)\s*(ms|[smhdw])?/g)) total += Number(count) * (unitMs[unit ?? 's'] ?? 0);
  return total <= durationMsMax ? total : undefined;
}

/** `364d 23h 59m 58s`: years of 365 days, no months, parts that are zero left out, `0s` for nothing. */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / secondMs);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['y', 31_536_000],
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.join(' ') || '0s';
}
