import { Complaint, type Position, positionOf, type Span } from '../complaint.ts';
import { type Expression, type Path, pathsOf } from '../expression.ts';
import { type Dialect, ExpressionParser } from '../expression-parser.ts';
import { routingFunctions } from '../scalar-functions.ts';
import { findSystemProperty, hyphenatedRoots } from './system-properties.ts';

/** The first steps of a condition's paths: what they lead into. */
export type ConditionRoot = '$application' | '$system' | '$body' | '$twin';

/** Which messages a route takes (hub-service-protocol.md 6). */
export type Condition = {
  readonly expression: Expression;
  /** Whether it looks into the body, which then must be read for every message. */
  readonly needsBody: boolean;
  /** Whether it looks into the sender's twin. */
  readonly needsTwin: boolean;
};

/** As the test of a route answers it. */
export type CompilationError = {
  readonly message: string;
  readonly severity: 'error';
  readonly location: { readonly start: Position; readonly end: Position };
};

export type ParsedCondition =
  | { readonly condition: Condition; readonly compilationErrors: readonly [] }
  | { readonly condition?: undefined; readonly compilationErrors: readonly CompilationError[] };

const dialect: Dialect = {
  functions: routingFunctions,
  reserved: new Set(),
  names: 'braces',
  hyphenated: hyphenatedRoots,
  resolve,
};

/** Reads a condition; an empty one takes every message. */
export function parseCondition(text: string): ParsedCondition {
  try {
    const parser = new ExpressionParser(text, dialect);
    const { token } = parser;
    const expression =
      token.kind === 'end' ? ({ kind: 'constant', value: true, start: 0, end: 0 } as const) : parser.parseExpression();
    parser.requireEnd();
    const roots = new Set([...pathsOf(expression)].map(([root]) => root));
    return { condition: { expression, needsBody: roots.has('$body'), needsTwin: roots.has('$twin') }, compilationErrors: [] };
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    const { start, end } = error.span;
    const location = { start: positionOf(text, start), end: positionOf(text, Math.max(start, end)) };
    return { compilationErrors: [{ message: error.message, severity: 'error', location }] };
  }
}

/**
 * `$body.a`, `$twin.tags.a`, a system property, or one that the sender chose, whose names know no case. In braces or
 * brackets it is always the sender's: `{$body}`.
 */
function resolve(path: Path, { isQuoted, ...span }: Span & { isQuoted: boolean }): Path {
  const [root = '', ...steps] = path;
  if (!isQuoted && (root === '$body' || root === '$twin')) return path;
  const name = String(root);
  if (steps.length > 0) {
    throw new Complaint('A property of a message has no members; a name with a dot is written in braces.', span);
  }
  if (isQuoted || !name.startsWith('$')) return ['$application' satisfies ConditionRoot, name.toLowerCase()];
  const property = findSystemProperty(name.slice(1));
  if (property === undefined) throw new Complaint(`There is no system property ${name}.`, span);
  return ['$system' satisfies ConditionRoot, property];
}
