import { Complaint, type Span } from './complaint.ts';
import type { Arithmetic, Comparison, Expression, LanguageFunction, Path, Value } from './expression.ts';
import { readTokens, type Token } from './lexer.ts';
import { languageLimits } from './limits.ts';

export type Dialect = {
  /** By upper-case name. */
  readonly functions: ReadonlyMap<string, LanguageFunction>;
  /** Lower-case words that begin no path, beside those of expressions themselves. */
  readonly reserved: ReadonlySet<string>;
  /** Whether a name in this form may begin a path. */
  readonly names: 'braces' | 'none';
  /** Lower-case words that go on after a hyphen, where they begin a path. */
  readonly hyphenated: ReadonlySet<string>;
  /** What a written path means; `isQuoted` when it begins with a name in braces or brackets. Throws a Complaint. */
  resolve(path: Path, written: Span & { isQuoted: boolean }): Path;
};

const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
]);

const ownReserved = new Set([...constants.keys(), 'and', 'or', 'not', 'in', 'nin']);

const comparisons: Readonly<Record<string, Comparison>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** The expressions that queries and routing conditions have in common (hub-service-protocol.md 5), read by descent. */
export class ExpressionParser {
  readonly #dialect: Dialect;
  readonly #tokens: Iterator<Token, void>;
  #token: Token;
  #end = 0;
  #depth = 0;
  #terms = 0;

  constructor(text: string, dialect: Dialect) {
    this.#dialect = dialect;
    this.#tokens = readTokens(text);
    this.#token = this.#read();
  }

  get token(): Token {
    return this.#token;
  }

  /** Takes the token and reads the next. */
  next(): Token {
    const taken = this.#token;
    this.#end = taken.end;
    if (taken.kind !== 'end') this.#token = this.#read();
    return taken;
  }

  isWord(...words: readonly string[]): boolean {
    return this.#token.kind === 'word' && words.includes(this.#token.text.toLowerCase());
  }

  isSymbol(text: string): boolean {
    return this.#token.kind === 'symbol' && this.#token.text === text;
  }

  takeWord(word: string): boolean {
    const is = this.isWord(word);
    if (is) this.next();
    return is;
  }

  takeSymbol(text: string): boolean {
    const is = this.isSymbol(text);
    if (is) this.next();
    return is;
  }

  requireSymbol(text: string): void {
    if (!this.takeSymbol(text)) this.fail(`Expected ${text}`);
  }

  requireEnd(): void {
    if (this.#token.kind !== 'end') this.fail('Expected the end');
  }

  /** Throws what was expected, and what stands there instead. */
  fail(expected: string): never {
    throw new Complaint(`${expected}, found ${describe(this.#token)}.`, this.#token);
  }

  parseExpression(): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#not()));
  }

  /** A path that begins here, as its dialect understands it. */
  parsePath(): Expression {
    const { start, kind } = this.#token;
    const path: (string | number)[] = [this.#root()];
    for (;;) {
      const token = this.#token;
      if (token.kind === 'name' && token.form === 'brackets') {
        this.next();
        path.push(token.text);
      } else if (this.takeSymbol('[')) path.push(this.#index());
      else if (this.takeSymbol('.')) path.push(this.#member());
      else break;
      if (path.length > languageLimits.pathStepsMax) {
        throw new Complaint(`A path has at most ${languageLimits.pathStepsMax} steps.`, { start, end: this.#end });
      }
    }
    const span = { start, end: this.#end };
    return this.#term({ kind: 'path', path: this.#dialect.resolve(path, { ...span, isQuoted: kind === 'name' }), ...span });
  }

  #joined(kind: 'and' | 'or', parse: () => Expression): Expression {
    const first = parse();
    if (!this.isWord(kind)) return first;
    const operands = [first];
    while (this.takeWord(kind)) operands.push(parse());
    return this.#term({ kind, operands, start: first.start, end: this.#end });
  }

  #not(): Expression {
    const { start } = this.#token;
    if (!this.takeWord('not')) return this.#comparison();
    const operand = this.#deeper(() => this.#not());
    return this.#term({ kind: 'not', operand, start, end: this.#end });
  }

  #comparison(): Expression {
    const left = this.#sum();
    const { start } = left;
    const token = this.#token;
    if (token.kind === 'symbol') {
      const operator = comparisons[token.text];
      if (operator === undefined) return left;
      this.next();
      const right = this.#sum();
      return this.#term({ kind: 'compare', operator, left, right, start, end: this.#end });
    }
    const isNegated = this.isWord('not', 'nin');
    if (!isNegated && !this.isWord('in')) return left;
    const isNotIn = this.takeWord('not');
    if (!this.isWord('in') && (isNotIn || !this.isWord('nin'))) this.fail('Expected IN');
    this.next();
    if (!this.isSymbol('[')) this.fail('Expected a list in square brackets');
    const items = this.#list();
    return this.#term({ kind: 'in', operand: left, items, isNegated, start, end: this.#end });
  }

  #sum(): Expression {
    return this.#chain(['+', '-'], () => this.#product());
  }

  #product(): Expression {
    return this.#chain(['*', '/', '%'], () => this.#sign());
  }

  #chain(operators: readonly Arithmetic[], parse: () => Expression): Expression {
    let left = parse();
    for (;;) {
      const operator = operators.find((text) => this.isSymbol(text));
      if (operator === undefined) return left;
      this.next();
      const right = parse();
      left = this.#term({ kind: 'arithmetic', operator, left, right, start: left.start, end: this.#end });
    }
  }

  #sign(): Expression {
    const { start } = this.#token;
    const operator = (['-', '+'] as const).find((text) => this.isSymbol(text));
    if (operator === undefined) return this.#primary();
    this.next();
    const operand = this.#deeper(() => this.#sign());
    if (operand.kind === 'constant' && typeof operand.value === 'number') {
      const value = operator === '-' ? -operand.value : operand.value;
      return { kind: 'constant', value, start, end: this.#end };
    }
    return this.#term({ kind: 'sign', operator, operand, start, end: this.#end });
  }

  #primary(): Expression {
    const token = this.#token;
    const { start } = token;
    if (token.kind === 'number' || token.kind === 'string') {
      this.next();
      return this.#term({ kind: 'constant', value: token.value, start, end: this.#end });
    }
    if (this.takeSymbol('(')) {
      const inner = this.#deeper(() => this.parseExpression());
      this.requireSymbol(')');
      return inner;
    }
    if (this.isSymbol('[')) {
      // No document holds `undefined`, not even a list that is written here.
      const value = this.#list().filter((item) => item !== undefined);
      return this.#term({ kind: 'constant', value, start, end: this.#end });
    }
    if (token.kind !== 'word') return token.kind === 'name' ? this.parsePath() : this.fail('Expected a value');
    const word = token.text.toLowerCase();
    if (constants.has(word)) {
      this.next();
      return this.#term({ kind: 'constant', value: constants.get(word), start, end: this.#end });
    }
    const name = token.text.toUpperCase();
    const callee = this.#dialect.functions.get(name);
    return callee && this.#isCall() ? this.#call(name, callee) : this.parsePath();
  }

  /** A name that is a function's may be a property's as well: only the parenthesis tells. */
  #isCall(): boolean {
    const ahead = this.#peek();
    return ahead.kind === 'symbol' && ahead.text === '(';
  }

  #call(name: string, callee: LanguageFunction): Expression {
    const { start } = this.next();
    this.requireSymbol('(');
    const values: Expression[] = [];
    if (!this.isSymbol(')')) {
      do values.push(this.#deeper(() => this.parseExpression()));
      while (this.takeSymbol(','));
    }
    this.requireSymbol(')');
    const span = { start, end: this.#end };
    if (values.length < callee.argumentsMin || values.length > callee.argumentsMax) {
      throw new Complaint(`${name} takes ${describeCount(callee)}, not ${values.length}.`, span);
    }
    return this.#term({ kind: 'call', name, callee, arguments: values, ...span });
  }

  #root(): string {
    const token = this.#token;
    if (token.kind === 'name' && (token.form === 'brackets' || this.#dialect.names === 'braces')) {
      this.next();
      return token.text;
    }
    if (token.kind !== 'word') return this.fail('Expected a property');
    const word = token.text.toLowerCase();
    if (ownReserved.has(word) || this.#dialect.reserved.has(word)) return this.fail('Expected a property');
    const ahead = this.#peek();
    if (ahead.kind === 'symbol' && ahead.text === '(') throw new Complaint(`There is no function ${token.text}.`, token);
    this.next();
    return this.#dialect.hyphenated.has(word) ? token.text + this.#hyphenated() : token.text;
  }

  /** What follows without a blank: `-ack`. */
  #hyphenated(): string {
    let text = '';
    while (this.isSymbol('-') && this.#token.start === this.#end) {
      const ahead = this.#peek();
      if (ahead.kind !== 'word' || ahead.start !== this.#token.end) break;
      this.next();
      this.next();
      text += `-${ahead.text}`;
    }
    return text;
  }

  /** After a dot any word is a name, also one that means something elsewhere. */
  #member(): string {
    const token = this.#token;
    if (token.kind !== 'word' && !(token.kind === 'name' && token.form === 'brackets')) return this.fail('Expected a name');
    this.next();
    return token.text;
  }

  #index(): number {
    const token = this.#token;
    if (token.kind !== 'number' || !Number.isSafeInteger(token.value)) return this.fail('Expected a place in an array');
    this.next();
    this.requireSymbol(']');
    return token.value;
  }

  #list(): Value[] {
    const { start } = this.#token;
    this.requireSymbol('[');
    const items: Value[] = [];
    if (!this.isSymbol(']')) {
      do items.push(this.#constant());
      while (this.takeSymbol(',') && items.length <= languageLimits.listItemsMax);
    }
    if (items.length > languageLimits.listItemsMax) {
      throw new Complaint(`A list has at most ${languageLimits.listItemsMax} members.`, { start, end: this.#end });
    }
    this.requireSymbol(']');
    return items;
  }

  #constant(): Value {
    const isNegative = this.takeSymbol('-');
    const token = this.#token;
    if (token.kind === 'number') {
      this.next();
      return isNegative ? -token.value : token.value;
    }
    if (isNegative) return this.fail('Expected a number');
    if (token.kind === 'string') {
      this.next();
      return token.value;
    }
    if (token.kind !== 'word' || !constants.has(token.text.toLowerCase())) return this.fail('Expected a constant');
    this.next();
    return constants.get(token.text.toLowerCase());
  }

  #deeper(parse: () => Expression): Expression {
    this.#depth += 1;
    if (this.#depth > languageLimits.depthMax) {
      throw new Complaint(`The expression nests deeper than ${languageLimits.depthMax} levels.`, this.#token);
    }
    const parsed = parse();
    this.#depth -= 1;
    return parsed;
  }

  #term(expression: Expression): Expression {
    this.#terms += 1;
    if (this.#terms > languageLimits.termsMax) {
      throw new Complaint(`The expression has more than ${languageLimits.termsMax} terms.`, expression);
    }
    return expression;
  }

  #ahead: Token | undefined;

  #peek(): Token {
    this.#ahead ??= this.#read();
    return this.#ahead;
  }

  #read(): Token {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead) return ahead;
    const { value } = this.#tokens.next();
    return value ?? { kind: 'end', start: this.#end, end: this.#end };
  }
}

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end';
    case 'number':
      return `the number ${token.value}`;
    case 'string':
      return 'a string';
    case 'word':
    case 'name':
    case 'symbol':
      return JSON.stringify(token.text.length > 40 ? `${token.text.slice(0, 40)}…` : token.text);
  }
}

function describeCount({ argumentsMin, argumentsMax }: LanguageFunction): string {
  if (argumentsMin === argumentsMax) return argumentsMin === 1 ? 'one argument' : `${argumentsMin} arguments`;
  return argumentsMax === Number.POSITIVE_INFINITY
    ? `at least ${argumentsMin} arguments`
    : `${argumentsMin} to ${argumentsMax} arguments`;
}
