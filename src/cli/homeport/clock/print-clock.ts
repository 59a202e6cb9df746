import { scheduler } from 'node:timers/promises';
import { dayMs, hourMs, minuteMs, secondMs } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import type { Invocation } from '../../kit/command.ts';
import { administer } from '../administration.ts';

const askAgainMs = 200;

/** Waits until the clock stands where it was sent to, then prints how it stands. */
export async function printWhenThere(invocation: Invocation, state: JsonObject): Promise<void> {
  let latest = state;
  while (latest.motion === 'moving') {
    // A timer of the platform's clock does not keep a process alive, and here nothing else does.
    await scheduler.wait(askAgainMs);
    latest = await administer(invocation, { method: 'GET', path: '/clock' });
  }
  printClock(invocation, latest);
}

export function printClock({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>, state: JsonObject): void {
  if (options.isSet('json')) {
    terminal.print(JSON.stringify(state, undefined, 2));
    return;
  }
  const ahead = Number(state.aheadMs);
  terminal.print(`now   ${state.now}`);
  terminal.print(`real  ${state.realNow}`);
  terminal.print(`ahead ${Math.abs(ahead) < secondMs ? 'not at all' : describeSpan(ahead)}`);
  if (state.motion === 'running') {
    terminal.print(`runs  ${state.speed} times as fast${state.until ? ` until ${state.until}` : ', until: homeport clock stop'}`);
  }
  if (state.motion === 'moving') terminal.print(`moves to ${state.until}`);
  if (state.isDevelopment !== true)
    terminal.print('This data directory was not made for development: its clock cannot be moved.');
  if (typeof state.warning === 'string') terminal.complain(state.warning);
}

const units = [
  [dayMs, 'd'],
  [hourMs, 'h'],
  [minuteMs, 'm'],
  [secondMs, 's'],
] as const;

/** `30d 4h`: the two largest units; in days, the fraction of a second that a way takes is not called 29 d 23 h. */
export function describeSpan(ms: number): string {
  const grainMs = Math.abs(ms) < hourMs ? secondMs : minuteMs;
  let left = Math.round(Math.abs(ms) / grainMs) * grainMs;
  const parts = units.map(([unitMs, letter]) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count === 0 ? '' : `${count}${letter}`;
  });
  return `${ms < 0 ? '-' : ''}${parts.filter(Boolean).slice(0, 2).join(' ')}`;
}
