import type { HubRouteTest } from '../../api/contract.ts';

type Place = { line: number; column: number };

/** What is wrong with a condition, and where, in one sentence; undefined when nothing is. */
export function conditionProblem({ details }: HubRouteTest): { words: string; start: Place; end: Place } | undefined {
  const [error] = details.compilationErrors;
  if (!error) return undefined;
  const { start, end } = error.location;
  return { words: `Line ${start.line}, column ${start.column}: ${error.message}`, start, end };
}

/** How many characters of `text` stand before a place. */
export function offsetOf(text: string, { line, column }: Place): number {
  const before = text.split('\n').slice(0, line - 1);
  return Math.min(text.length, before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1);
}
