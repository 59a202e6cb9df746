import { messageShapes } from './messages.ts';

export const shapeNames: readonly string[] = [
  ...messageShapes.map(({ name }) => name),
  'low-rate',
  'handshake',
  'durable',
  'idle',
  'central',
  'edge',
  'edge-kill',
  'start',
  'start-100k',
  'command',
];

/** Left out unless it is named: registering that many devices takes minutes. */
const onlyWhenNamed = new Set(['start-100k']);

export type BenchWish = {
  readonly shapes: ReadonlySet<string>;
  readonly rounds: number;
  readonly seconds: number;
  /** Where to write the figures of every round. */
  readonly json: string | undefined;
  /** Whether docs/performance.md is written. */
  readonly isWritten: boolean;
};

/** What was typed makes no sense; says why and what would. */
export class WishError extends Error {}

const usage = `usage: npm run bench -- [SHAPE…] [--rounds N] [--seconds N] [--json FILE] [--write]; shapes: ${shapeNames.join(' ')}`;

export function readWish(words: readonly string[]): BenchWish {
  const shapes = new Set<string>();
  const wish = { rounds: 3, seconds: 3, json: undefined as string | undefined, isWritten: false };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--write') wish.isWritten = true;
    else if (word === '--rounds') wish.rounds = readNumber(word, rest.shift(), { min: 1, isWhole: true });
    else if (word === '--seconds') wish.seconds = readNumber(word, rest.shift(), { min: 0.1, isWhole: false });
    else if (word === '--json') {
      const file = rest.shift();
      if (file === undefined || file.startsWith('--')) throw new WishError(`--json takes a file.\n${usage}`);
      wish.json = file;
    } else if (word.startsWith('-')) throw new WishError(`There is no option ${word}.\n${usage}`);
    else {
      const shape = shapeNames.find((name) => name.toLowerCase() === word.toLowerCase());
      if (!shape) throw new WishError(`There is no shape ${word}.\n${usage}`);
      shapes.add(shape);
    }
  }
  const all = shapeNames.filter((name) => !onlyWhenNamed.has(name));
  // A document of a part would pass for the whole.
  if (wish.isWritten && shapes.size > 0 && all.some((name) => !shapes.has(name))) {
    throw new WishError(`--write is for everything; leave the shapes out, or write a part with --json.\n${usage}`);
  }
  return { ...wish, shapes: shapes.size > 0 ? shapes : new Set(all) };
}

function readNumber(name: string, text: string | undefined, { min, isWhole }: { min: number; isWhole: boolean }): number {
  const value = Number(text ?? Number.NaN);
  if (Number.isFinite(value) && value >= min && (!isWhole || Number.isInteger(value))) return value;
  throw new WishError(`${name} takes a ${isWhole ? 'whole ' : ''}number of at least ${min}.\n${usage}`);
}
