import { editDistance } from './nearest-name.ts';

/** Longer texts are not compared letter by letter: who asks may be a stranger. */
const charactersMax = 160;

/**
 * How `name` differs from what somebody wrote, when it is so little that they probably meant it:
 * `differs only in case`, `one character off`, `two characters off`. Undefined for the same text and for others.
 */
export function nearSpelling(text: string, name: string): string | undefined {
  if (text === name || text === '' || text.length > charactersMax || name.length > charactersMax) return undefined;
  if (text.toLowerCase() === name.toLowerCase()) return 'differs only in case';
  if (Math.abs(text.length - name.length) > 2) return undefined;
  const distance = editDistance(text.toLowerCase(), name.toLowerCase());
  if (distance === 1) return 'one character off';
  // Of short names any two are two characters apart.
  return distance === 2 && text.length > 5 ? 'two characters off' : undefined;
}

/** Those of `names` that somebody probably meant, the nearest first, `max` at most. */
export function nearSpellings(text: string, names: readonly string[], max: number): { name: string; how: string }[] {
  return [...new Set(names)]
    .flatMap((name) => {
      const how = nearSpelling(text, name);
      return how === undefined ? [] : [{ name, how }];
    })
    .toSorted((a, b) => ranks.indexOf(a.how) - ranks.indexOf(b.how))
    .slice(0, max);
}

const ranks = ['differs only in case', 'one character off', 'two characters off'];
