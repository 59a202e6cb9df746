import { isJsonObject, type Json } from '#base/json.ts';
import { compareText } from './compare-text.ts';
import type { Arithmetic, Comparison, Expression, Path, Value } from './expression.ts';

/** Where paths lead. */
export type Scope = { value(path: Path): Value };

/**
 * What an expression is worth in `scope` (hub-service-protocol.md 5). What is missing or makes no sense is `undefined`,
 * which neither AND, OR nor NOT turns into more than they can say without it.
 */
export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'path':
      return scope.value(expression.path);
    case 'call':
      return expression.callee.call(expression.arguments.map((part) => evaluate(part, scope)));
    case 'sign': {
      const value = evaluate(expression.operand, scope);
      if (typeof value !== 'number') return undefined;
      return expression.operator === '-' ? -value : value;
    }
    case 'arithmetic':
      return compute(expression.operator, evaluate(expression.left, scope), evaluate(expression.right, scope));
    case 'compare':
      return evaluateComparison(expression, scope);
    case 'in':
      return isAmong(evaluate(expression.operand, scope), expression.items, expression.isNegated);
    case 'not': {
      const value = evaluate(expression.operand, scope);
      return typeof value === 'boolean' ? !value : undefined;
    }
    case 'and':
      return join(expression.operands, scope, false);
    case 'or':
      return join(expression.operands, scope, true);
  }
}

/** What `path` leads to in a document. */
export function walk(document: Value, path: Path): Value {
  let value: Value = document;
  for (const step of path) {
    if (typeof step === 'number') value = Array.isArray(value) ? value[step] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (value === undefined) return undefined;
  }
  return value;
}

/** Undefined for values of unlike types, and for those that have no order or no equality. */
export function compare(operator: Comparison, left: Value, right: Value): boolean | undefined {
  if (typeof left === 'number' && typeof right === 'number') return holds(operator, left - right);
  if (typeof left === 'string' && typeof right === 'string') return holds(operator, compareText(left, right));
  const isEquality = operator === '=' || operator === '!=';
  const isFlat = (typeof left === 'boolean' && typeof right === 'boolean') || (left === null && right === null);
  return isEquality && isFlat ? (left === right) === (operator === '=') : undefined;
}

/** Whether a list holds a value that equals `value`; undefined when it holds none of its kind. */
export function isAmong(value: Value, items: readonly Value[], isNegated: boolean): boolean | undefined {
  const equalities = items.map((item) => compare('=', value, item)).filter((equal) => equal !== undefined);
  // Nothing is in a list of nothing.
  if (equalities.length === 0 && (items.length > 0 || !isFlat(value))) return undefined;
  return equalities.includes(true) !== isNegated;
}

function isFlat(value: Value): boolean {
  return value !== undefined && (value === null || typeof value !== 'object');
}

function evaluateComparison(
  { operator, left, right }: Extract<Expression, { kind: 'compare' }>,
  scope: Scope,
): boolean | undefined {
  // Beside the word `undefined`, these two ask whether the other side is there.
  if ((operator === '=' || operator === '!=') && (isUndefinedWord(left) || isUndefinedWord(right))) {
    const isMissing = evaluate(isUndefinedWord(left) ? right : left, scope) === undefined;
    return isMissing === (operator === '=');
  }
  return compare(operator, evaluate(left, scope), evaluate(right, scope));
}

export function isUndefinedWord(expression: Expression): boolean {
  return expression.kind === 'constant' && expression.value === undefined;
}

function holds(operator: Comparison, difference: number): boolean {
  switch (operator) {
    case '=':
      return difference === 0;
    case '!=':
      return difference !== 0;
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
  }
}

function compute(operator: Arithmetic, left: Value, right: Value): Json | undefined {
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  return finite(results[operator](left, right));
}

const results: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

/** JSON has no infinity and no not-a-number. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** AND for `decisive` false, OR for true: one operand of that value decides, and without one every operand must have the other. */
function join(operands: readonly Expression[], scope: Scope, decisive: boolean): boolean | undefined {
  let isCertain = true;
  for (const operand of operands) {
    const value = evaluate(operand, scope);
    if (value === decisive) return decisive;
    if (value !== !decisive) isCertain = false;
  }
  return isCertain ? !decisive : undefined;
}
