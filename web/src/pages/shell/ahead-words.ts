import type { Clock } from '../../api/contract.ts';

const dayMs = 86_400_000;

/** `30 days ahead of real time`, and how fast it goes on. */
export function aheadWords({ aheadMs, motion, speed }: Pick<Clock, 'aheadMs' | 'motion' | 'speed'>): string {
  const minutes = Math.round(aheadMs / 60_000);
  const days = Math.round(aheadMs / dayMs);
  const hours = Math.round(aheadMs / 3_600_000);
  const span = days >= 2 ? count(days, 'day') : hours >= 2 ? count(hours, 'hour') : count(minutes, 'minute');
  const ahead = `${span} ahead of real time`;
  if (motion === 'running') return `${ahead}, and runs ${speed?.toLocaleString()} times as fast`;
  return motion === 'moving' ? `${ahead}, and is being moved` : ahead;
}

function count(amount: number, unit: string): string {
  return `${amount.toLocaleString()} ${unit}${amount === 1 ? '' : 's'}`;
}
