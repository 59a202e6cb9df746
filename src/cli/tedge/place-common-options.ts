import { tedge } from './tedge.ts';
import { commonOptions } from './tedge-command.ts';

/**
 * Options that every command takes may stand before and between the words of a command's name
 * (`tedge --config-dir DIR cert show`); they are moved behind it, where the parser looks for options.
 */
export function placeCommonOptions(words: readonly string[]): string[] {
  const names: string[] = [];
  const options: string[] = [];
  const queue = [...words];
  while (queue.length > 0 && !isCommand(names)) {
    const word = queue[0] ?? '';
    const [long = '', attached] = word.split('=', 2);
    const spec = commonOptions.find(({ name, short }) => long === `--${name}` || word === `-${short}`);
    if (spec) options.push(...queue.splice(0, spec.value === undefined || attached !== undefined ? 1 : 2));
    else if (word === '-V') options.push('--version', ...queue.splice(0, 1).slice(1));
    else if (word === '--debug') options.push(...queue.splice(0, 1));
    else if (word.startsWith('-')) break;
    else names.push(...queue.splice(0, 1));
  }
  // Before the command's own options, so that a `--` in front of values does not swallow them.
  const end = queue.findIndex((word) => word.startsWith('-'));
  const values = end < 0 ? queue.splice(0) : queue.splice(0, end);
  return [...names, ...values, ...options, ...queue];
}

function isCommand(names: readonly string[]): boolean {
  return tedge.commands.some(({ path }) => path === names.join(' '));
}
