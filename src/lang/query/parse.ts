import { Problem } from '#base/problem.ts';
import { Complaint, positionOf, type Span } from '../complaint.ts';
import type { Expression, Path } from '../expression.ts';
import { type Dialect, ExpressionParser } from '../expression-parser.ts';
import { queryFunctions } from '../scalar-functions.ts';
import type { Aggregate, AggregateName, Query, SelectItem, SourceName } from './ast.ts';

const aggregateNames: readonly AggregateName[] = ['COUNT', 'AVG', 'SUM', 'MIN', 'MAX'];

const dialect: Dialect = {
  functions: queryFunctions,
  reserved: new Set(['select', 'from', 'where', 'group', 'order', 'join', 'as']),
  names: 'none',
  hyphenated: new Set(),
  resolve: (path) => withoutSource(path),
};

/** Columns and groups of one query; the cloud's tools ask for a dozen. */
const itemsMax = 200;

/** Reads a query. Throws Problem `argument-invalid`, which says what is wrong and at which line and column. */
export function parseQuery(text: string): Query {
  return complaining(text, (parser) => {
    if (!parser.takeWord('select')) parser.fail('Expected SELECT');
    const { start } = parser.token;
    const top = parseTop(parser);
    const items = parser.takeSymbol('*') ? '*' : parseItems(parser);
    const select: Span = { start, end: parser.token.start };
    if (!parser.takeWord('from')) parser.fail('Expected FROM');
    const source = parseSource(parser);
    const where = parser.takeWord('where') ? parser.parseExpression() : undefined;
    const groupBy = parser.takeWord('group') ? parseGroups(parser) : [];
    if (parser.isWord('order')) parser.fail('ORDER BY is not supported: expected the end');
    parser.takeSymbol(';');
    parser.requireEnd();
    const isAggregate = groupBy.length > 0 || (items !== '*' && items.some(({ aggregate }) => aggregate !== undefined));
    if (isAggregate) checkGrouped(items, groupBy, select);
    return {
      source,
      ...(top === undefined ? {} : { top }),
      select: items === '*' ? items : nameItems(items, select),
      ...(where === undefined ? {} : { where }),
      groupBy,
      isAggregate,
    };
  });
}

/**
 * Reads the condition by which jobs and configurations choose their devices: what would follow WHERE, `*` for all of
 * them, or `FROM devices.modules WHERE …` for modules. Throws as `parseQuery`.
 */
export function parseQueryCondition(text: string): Query {
  return complaining(text, (parser) => {
    const source = parser.takeWord('from') ? parseSource(parser) : 'devices';
    const isAll = parser.takeSymbol('*') || (source !== 'devices' && !parser.isWord('where'));
    if (!isAll) parser.takeWord('where');
    const where = isAll ? undefined : parser.parseExpression();
    parser.requireEnd();
    return { source, select: '*', ...(where === undefined ? {} : { where }), groupBy: [], isAggregate: false };
  });
}

function complaining<T>(text: string, parse: (parser: ExpressionParser) => T): T {
  try {
    return parse(new ExpressionParser(text, dialect));
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    const { line, column } = positionOf(text, error.span.start);
    throw new Problem('argument-invalid', `The query cannot be read at line ${line}, column ${column}: ${error.message}`);
  }
}

/** A row's own name may stand before its members: `devices.deviceId`, `devices.modules.moduleId`, `devices.jobs.jobId`. */
function withoutSource(path: Path): Path {
  if (path[0] !== 'devices' || path.length === 1) return path;
  const isLonger = path.length > 2 && (path[1] === 'modules' || path[1] === 'jobs');
  return path.slice(isLonger ? 2 : 1);
}

function parseTop(parser: ExpressionParser): number | undefined {
  if (!parser.isWord('top')) return undefined;
  parser.next();
  const token = parser.token;
  if (token.kind !== 'number' || !Number.isSafeInteger(token.value)) return parser.fail('Expected a whole number');
  parser.next();
  return token.value;
}

type ParsedItem = Span &
  ({ alias: string | undefined } & ({ value: Expression; aggregate?: never } | { aggregate: Aggregate; value?: never }));

function parseItems(parser: ExpressionParser): ParsedItem[] {
  const items: ParsedItem[] = [];
  do {
    const { start } = parser.token;
    const aggregate = parseAggregate(parser);
    const value = aggregate ? undefined : parser.parseExpression();
    const { end } = value ?? { end: parser.token.start };
    const alias = parseAlias(parser);
    if (aggregate) items.push({ aggregate, alias, start, end });
    else if (value) items.push({ value, alias, start, end });
    if (items.length > itemsMax) throw new Complaint(`A query has at most ${itemsMax} columns.`, { start, end });
  } while (parser.takeSymbol(','));
  return items;
}

function parseAggregate(parser: ExpressionParser): Aggregate | undefined {
  const { token } = parser;
  if (token.kind !== 'word') return undefined;
  const name = aggregateNames.find((known) => known === token.text.toUpperCase());
  if (name === undefined) return undefined;
  parser.next();
  parser.requireSymbol('(');
  const isOfAll = name === 'COUNT' && (parser.takeSymbol('*') || parser.isSymbol(')'));
  const path = isOfAll ? undefined : pathOf(parser.parsePath());
  parser.requireSymbol(')');
  return { name, ...(path === undefined ? {} : { path }) };
}

function parseAlias(parser: ExpressionParser): string | undefined {
  const isSaid = parser.takeWord('as');
  const { token } = parser;
  if (token.kind === 'word' && (isSaid || !parser.isWord('from'))) {
    parser.next();
    return token.text;
  }
  if (token.kind === 'name' && token.form === 'brackets') {
    parser.next();
    return token.text;
  }
  return isSaid ? parser.fail('Expected a name') : undefined;
}

function parseSource(parser: ExpressionParser): SourceName {
  if (!parser.takeWord('devices')) parser.fail('Expected devices, devices.modules or devices.jobs');
  if (!parser.takeSymbol('.')) return 'devices';
  if (parser.takeWord('modules')) return 'devices.modules';
  if (parser.takeWord('jobs')) return 'devices.jobs';
  return parser.fail('Expected modules or jobs');
}

function parseGroups(parser: ExpressionParser): Path[] {
  if (!parser.takeWord('by')) parser.fail('Expected BY');
  const groups: Path[] = [];
  do {
    const parsed = parser.parsePath();
    groups.push(pathOf(parsed));
    if (groups.length > itemsMax) throw new Complaint(`A query has at most ${itemsMax} groups.`, parsed);
  } while (parser.takeSymbol(','));
  return groups;
}

function pathOf(expression: Expression): Path {
  return expression.kind === 'path' ? expression.path : [];
}

/** Of a group nothing is known but what made it one, and what was computed over it. */
function checkGrouped(items: '*' | readonly ParsedItem[], groupBy: readonly Path[], select: Span): void {
  if (items === '*') throw new Complaint('A query with GROUP BY names its columns.', select);
  const groups = new Set(groupBy.map((path) => JSON.stringify(path)));
  for (const { value, start, end } of items) {
    if (value === undefined || value.kind === 'constant') continue;
    if (value.kind === 'path' && groups.has(JSON.stringify(value.path))) continue;
    throw new Complaint('Beside an aggregate, a column must stand in GROUP BY.', { start, end });
  }
}

/** A path without a name is called by its last step, anything else by its place among those: `$1`. */
function nameItems(items: readonly ParsedItem[], select: Span): SelectItem[] {
  const names = new Set<string>();
  let nameless = 0;
  return items.map((item) => {
    const last = item.value?.kind === 'path' ? item.value.path.at(-1) : undefined;
    const name = item.alias ?? (typeof last === 'string' ? last : `$${++nameless}`);
    if (names.has(name)) throw new Complaint(`Two columns are called ${JSON.stringify(name)}: name one with AS.`, select);
    names.add(name);
    return item.aggregate ? { name, aggregate: item.aggregate } : { name, value: item.value };
  });
}
