import type { Json } from '#base/json.ts';
import type { Span } from './complaint.ts';

/** Names of members, and places in arrays. */
export type Path = readonly (string | number)[];

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';
export type Arithmetic = '+' | '-' | '*' | '/' | '%';

/** A value as expressions compute with it: JSON, or `undefined` for what is missing or makes no sense. */
export type Value = Json | undefined;

export type LanguageFunction = {
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  call(values: readonly Value[]): Value;
};

export type Expression = Span &
  (
    | { readonly kind: 'constant'; readonly value: Value }
    /** What the language's own names lead to; whoever evaluates it knows the roots. */
    | { readonly kind: 'path'; readonly path: Path }
    | {
        readonly kind: 'call';
        readonly name: string;
        readonly callee: LanguageFunction;
        readonly arguments: readonly Expression[];
      }
    | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly operand: Expression }
    | { readonly kind: 'arithmetic'; readonly operator: Arithmetic; readonly left: Expression; readonly right: Expression }
    | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
    | { readonly kind: 'in'; readonly operand: Expression; readonly items: readonly Value[]; readonly isNegated: boolean }
    | { readonly kind: 'not'; readonly operand: Expression }
    | { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] }
  );

/** The expressions right below one. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'call':
      return expression.arguments;
    case 'arithmetic':
    case 'compare':
      return [expression.left, expression.right];
    case 'sign':
    case 'in':
    case 'not':
      return [expression.operand];
    case 'and':
    case 'or':
      return expression.operands;
    case 'constant':
    case 'path':
      return [];
  }
}

/** Every path that an expression looks at. */
export function* pathsOf(expression: Expression): Generator<Path> {
  if (expression.kind === 'path') yield expression.path;
  for (const part of partsOf(expression)) yield* pathsOf(part);
}
