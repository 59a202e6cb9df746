import type { JsonValue } from '../../api/contract.ts';
import { shortValue } from '../../components/json-text.ts';

export type ValueLine = { name: string; text: string };

/** So many lines of one value; the rest is counted. */
const linesMax = 100;

/**
 * An object as lines, each member by the way to it: `operation.progress`. Undefined for what is a line itself. Lists stay on
 * theirs, because their members have no names.
 */
export function valueLines(value: JsonValue | undefined): { lines: ValueLine[]; more: number } | undefined {
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  const all = [...walk('', value)];
  return { lines: all.slice(0, linesMax), more: Math.max(0, all.length - linesMax) };
}

function* walk(path: string, value: JsonValue): Generator<ValueLine> {
  if (!isObject(value) || Object.keys(value).length === 0) {
    yield { name: path, text: shortValue(value) };
    return;
  }
  for (const [name, member] of Object.entries(value)) yield* walk(path === '' ? name : `${path}.${name}`, member);
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
