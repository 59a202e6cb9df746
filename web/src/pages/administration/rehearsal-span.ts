const dayMs = 86_400_000;

/** Thirty days is what an address without a word for it means. */
const daysDefault = 30;
const daysOf: Readonly<Record<string, number>> = { '7d': 7, '90d': 90, '1y': 365, '3y': 1095 };

export const aheadChoices = [
  { id: '7d', label: '7 days' },
  { id: '90d', label: '90 days' },
  { id: '1y', label: '1 year' },
  { id: '3y', label: '3 years' },
];

/** Where a rehearsal that begins at `now` ends. */
export function untilOf(ahead: string, now: number): string {
  return new Date(now + (daysOf[ahead] ?? daysDefault) * dayMs).toISOString();
}

/** The share of the way from `from` to `until`, in percent. */
export function shareOf(at: number, { from, until }: { from: number; until: number }): number {
  return Math.min(100, Math.max(0, ((at - from) / (until - from)) * 100));
}

const ticksMax = 4;
const stepsMs = [dayMs, 2 * dayMs, 7 * dayMs, 14 * dayMs, 30 * dayMs, 90 * dayMs, 180 * dayMs, 365 * dayMs];

/** Whole days to write on the axis, few enough to stand side by side. */
export function ticksOf({ from, until }: { from: number; until: number }): number[] {
  const step = stepsMs.find((ms) => (until - from) / ms <= ticksMax + 1) ?? 365 * dayMs;
  const first = new Date(from);
  first.setHours(24, 0, 0, 0);
  const ticks: number[] = [];
  for (let at = first.getTime() + step - dayMs; at < until - (until - from) / 8; at += step) ticks.push(at);
  return ticks;
}
