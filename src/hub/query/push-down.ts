import { isUndefinedWord } from '#lang/evaluate.ts';
import type { Comparison, Expression, Path, Value } from '#lang/expression.ts';

/** What a database can look at: a column by its name in twins, or a member of a section. */
export type Field =
  | { readonly column: 'deviceId' | 'moduleId' | 'status' | 'connectionState' | 'modelId' }
  | { readonly section: 'tags' | 'desired' | 'reported'; readonly path: readonly string[] };

export type Test =
  | { readonly is: 'among'; readonly values: readonly (string | number | boolean)[] }
  | { readonly is: 'not-among'; readonly values: readonly string[] }
  | { readonly is: 'range'; readonly operator: '<' | '<=' | '>' | '>='; readonly value: string | number }
  | { readonly is: 'prefix'; readonly text: string }
  | { readonly is: 'defined' | 'missing' };

/** What a database is asked to keep. */
export type Filter =
  | { readonly field: Field; readonly test: Test }
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] };

/** `isExact` when the filter keeps what the condition keeps, and not more. Without a filter everything is kept. */
export type Pushed = { readonly filter?: Filter; readonly isExact: boolean };

/** Terms of a filter; a database has limits of its own, and a list of alternatives gains nothing beyond. */
const filtersMax = 50;

/**
 * The part of a condition that a database can look at: it keeps every row that the condition keeps. A negation is
 * carried down to the comparisons, whose opposites are undefined where they are.
 */
export function pushDown(where: Expression | undefined): Pushed {
  return where === undefined ? { isExact: true } : push(where, false);
}

function push(expression: Expression, isNegated: boolean): Pushed {
  switch (expression.kind) {
    case 'not':
      return push(expression.operand, !isNegated);
    case 'and':
    case 'or': {
      const parts = expression.operands.map((operand) => push(operand, isNegated));
      return (expression.kind === 'and') === isNegated ? anyOf(parts) : allOf(parts);
    }
    case 'compare':
      return pushComparison(expression, isNegated);
    case 'in': {
      const operand = expression.operand.kind === 'path' ? fieldOf(expression.operand.path) : undefined;
      return operand ? pushAmong(operand, expression.items, expression.isNegated !== isNegated) : nothing;
    }
    case 'call':
      return pushCall(expression, isNegated);
    default:
      return nothing;
  }
}

const nothing: Pushed = { isExact: false };

function allOf(parts: readonly Pushed[]): Pushed {
  const all = parts.flatMap(({ filter }) => (filter ? [filter] : [])).slice(0, filtersMax);
  const isExact = parts.length <= filtersMax && parts.every((part) => part.isExact);
  return all.length === 0 ? { isExact } : { filter: { all }, isExact };
}

function anyOf(parts: readonly Pushed[]): Pushed {
  const any = parts.flatMap(({ filter }) => (filter ? [filter] : []));
  if (any.length < parts.length || any.length > filtersMax) return nothing;
  return { filter: { any }, isExact: parts.every((part) => part.isExact) };
}

const mirrored: Readonly<Record<Comparison, Comparison>> = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
const opposite: Readonly<Record<Comparison, Comparison>> = { '=': '!=', '!=': '=', '<': '>=', '<=': '>', '>': '<=', '>=': '<' };

function pushComparison(expression: Extract<Expression, { kind: 'compare' }>, isNegated: boolean): Pushed {
  const isMirrored = expression.right.kind === 'path';
  const [path, constant] = isMirrored ? [expression.right, expression.left] : [expression.left, expression.right];
  if (path.kind !== 'path' || constant.kind !== 'constant') return nothing;
  const field = fieldOf(path.path);
  if (!field) return nothing;
  const turned = isMirrored ? mirrored[expression.operator] : expression.operator;
  const operator = isNegated ? opposite[turned] : turned;
  if (isUndefinedWord(constant)) return pushPresence(field, operator);
  const { value } = constant;
  if (operator === '=' || operator === '!=') return pushAmong(field, [value], operator === '!=');
  if (!isRangeable(field, value)) return nothing;
  return leaf(field, { is: 'range', operator, value });
}

/** What a device is called, and what model it has, has an order; its states are words without one here. */
function isRangeable(field: Field, value: Value): value is string | number {
  if ('section' in field) return typeof value === 'number' || typeof value === 'string';
  return typeof value === 'string' && field.column !== 'status' && field.column !== 'connectionState';
}

function pushPresence(field: Field, operator: Comparison): Pushed {
  if ((operator !== '=' && operator !== '!=') || 'column' in field) return nothing;
  return leaf(field, { is: operator === '=' ? 'missing' : 'defined' });
}

function pushAmong(field: Field, items: readonly Value[], isNegated: boolean): Pushed {
  if ('column' in field) {
    const values = items.filter((item) => typeof item === 'string');
    // Of a list of other things a text is neither in nor out.
    if (values.length === 0) return nothing;
    return leaf(field, { is: isNegated ? 'not-among' : 'among', values });
  }
  if (isNegated) return items.length === 0 ? nothing : leaf(field, { is: 'defined' });
  const values = items.filter((item) => typeof item === 'string' || typeof item === 'number' || typeof item === 'boolean');
  return values.length === items.length && values.length > 0 ? leaf(field, { is: 'among', values }) : nothing;
}

function pushCall({ name, arguments: values }: Extract<Expression, { kind: 'call' }>, isNegated: boolean): Pushed {
  const [subject, part] = values;
  const field = subject?.kind === 'path' ? fieldOf(subject.path) : undefined;
  if (!field) return nothing;
  if (name === 'IS_DEFINED' && 'section' in field) return leaf(field, { is: isNegated ? 'missing' : 'defined' });
  if (name !== 'STARTSWITH' || isNegated || part?.kind !== 'constant' || typeof part.value !== 'string') return nothing;
  if ('column' in field && (field.column === 'status' || field.column === 'connectionState')) return nothing;
  return leaf(field, { is: 'prefix', text: part.value });
}

/** Of a column a database says exactly what we would; of a member of a section, at least that. */
function leaf(field: Field, test: Test): Pushed {
  // Half a character is a value to us and none to a database; PostgreSQL takes no NUL, not even to look for.
  const texts = 'values' in test ? test.values : 'text' in test ? [test.text] : 'value' in test ? [test.value] : [];
  if (texts.some((text) => typeof text === 'string' && !isSendable(text))) return nothing;
  return { filter: { field, test }, isExact: 'column' in field };
}

function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const columns = ['deviceId', 'moduleId', 'status', 'connectionState', 'modelId'] as const;

export function fieldOf(path: Path): Field | undefined {
  const [root, ...rest] = path;
  const column = columns.find((name) => name === root);
  if (column !== undefined) return rest.length === 0 ? { column } : undefined;
  if (root === 'tags') return memberOf('tags', rest);
  const [section, ...below] = rest;
  const isSection = root === 'properties' && (section === 'desired' || section === 'reported');
  return isSection ? memberOf(section, below) : undefined;
}

/** Names that both databases spell in a path as we do, and that lead into no array. */
const plainName = /^[A-Za-z_-][A-Za-z0-9_-]{0,63}$/;

function memberOf(section: 'tags' | 'desired' | 'reported', path: Path): Field | undefined {
  const names = path.filter((step) => typeof step === 'string');
  if (names.length === 0 || names.length < path.length) return undefined;
  // The index of tags takes any name that a tag has; a tag's name holds no dot.
  const isPlain =
    section === 'tags'
      ? names.every((name) => isSendable(name) && !name.includes('.'))
      : names.every((name) => plainName.test(name));
  return isPlain ? { section, path: names } : undefined;
}
