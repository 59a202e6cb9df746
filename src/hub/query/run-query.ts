import { setImmediate as turn } from 'node:timers/promises';
import type { JsonObject } from '#base/json.ts';
import { evaluate } from '#lang/evaluate.ts';
import { type Path, pathsOf } from '#lang/expression.ts';
import type { Query } from '#lang/query/ast.ts';
import { Groups } from './aggregates.ts';
import type { PageStart } from './continuation.ts';
import { queryLimits } from './limits.ts';
import type { QueryRow, QuerySource } from './query-source.ts';

export type QueryPage = {
  readonly items: readonly JsonObject[];
  /** Undefined on the last page. */
  readonly next?: PageStart;
};

/** One page of a query. Memory is bounded by the page, or by the groups, however many rows are looked at. */
export async function runQuery(source: QuerySource, query: Query, from: PageStart, pageItems: number): Promise<QueryPage> {
  const left = (query.top ?? Number.POSITIVE_INFINITY) - from.given;
  const limit = Math.max(0, Math.min(pageItems, left));
  const isLastByTop = left <= pageItems;
  if (query.isAggregate) return pageOfGroups(await groupsOf(source, query), from, limit, isLastByTop);
  if (limit === 0) return { items: [] };
  return pageOfRows(source, query, from, limit, isLastByTop);
}

async function pageOfRows(
  source: QuerySource,
  query: Query,
  from: PageStart,
  limit: number,
  isLastByTop: boolean,
): Promise<QueryPage> {
  const items: JsonObject[] = [];
  let bytes = 0;
  let last = from.after;
  for await (const row of matchingRows(source, query, from.after, limit + 1)) {
    const isFull = items.length === limit || bytes > queryLimits.pageBytesMax;
    if (isFull) {
      const next = { given: from.given + items.length, ...(last === undefined ? {} : { after: last }) };
      return { items, next };
    }
    const item = project(query, row);
    items.push(item);
    last = row.key;
    if (query.select === '*') bytes += JSON.stringify(item).length;
    if (isLastByTop && items.length === limit) return { items };
  }
  return { items };
}

async function groupsOf(source: QuerySource, query: Query): Promise<readonly JsonObject[]> {
  const groups = new Groups(query);
  const counted = groups.isCountOnly ? await source.count?.(query.groupBy, query.where) : undefined;
  if (counted) {
    for (const { values, count } of counted) {
      const byPath = new Map(query.groupBy.map((path, at) => [path, values[at]]));
      groups.add((path) => byPath.get(path), count);
    }
    return groups.rows();
  }
  for await (const row of matchingRows(source, query, undefined, queryLimits.rowsAtOnce)) groups.add((path) => row.value(path));
  return groups.rows();
}

function pageOfGroups(rows: readonly JsonObject[], { given }: PageStart, limit: number, isLastByTop: boolean): QueryPage {
  const items = rows.slice(given, given + limit);
  const isLast = isLastByTop || given + limit >= rows.length;
  return isLast ? { items } : { items, next: { given: given + items.length } };
}

/** The rows that the condition keeps, fetched by and by; everybody else has a turn between two fetches. */
async function* matchingRows(source: QuerySource, query: Query, from: string | undefined, max: number): AsyncGenerator<QueryRow> {
  const { where } = query;
  const paths = pathsOfQuery(query);
  for (let after = from; ; ) {
    const { rows, through } = await source.scan({
      max,
      ...(after === undefined ? {} : { after }),
      ...(where === undefined ? {} : { where }),
      ...(paths === undefined ? {} : { paths }),
    });
    for (const row of rows) if (where === undefined || evaluate(where, row) === true) yield row;
    if (through === undefined) return;
    after = through;
    await turn();
  }
}

function project({ select }: Query, row: QueryRow): JsonObject {
  if (select === '*') return row.document();
  const cells = select.flatMap(({ name, value }) => {
    const cell = value && evaluate(value, row);
    return cell === undefined ? [] : [[name, cell] as const];
  });
  return Object.fromEntries(cells);
}

function pathsOfQuery({ select, where, groupBy }: Query): Path[] | undefined {
  if (select === '*') return undefined;
  const paths = [...groupBy];
  if (where) paths.push(...pathsOf(where));
  for (const { value, aggregate } of select) {
    if (value) paths.push(...pathsOf(value));
    else if (aggregate.path) paths.push(aggregate.path);
  }
  return paths;
}
