import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { compareText } from '#lang/compare-text.ts';
import type { Path, Value } from '#lang/expression.ts';
import type { Aggregate, Query } from '#lang/query/ast.ts';
import { queryLimits } from './limits.ts';

/** A number over the rows of a group; what is of no use for it is passed over. */
type Accumulator = { add(value: Value): void; result(): Value };

type Group = { readonly values: readonly Value[]; readonly accumulators: readonly Accumulator[] };

/** The groups of a query, fed row by row; of the rows nothing is kept. */
export class Groups {
  readonly #query: Query;
  readonly #aggregates: readonly Aggregate[];
  readonly #groups = new Map<string, Group>();

  constructor(query: Query) {
    this.#query = query;
    this.#aggregates = query.select === '*' ? [] : query.select.flatMap(({ aggregate }) => (aggregate ? [aggregate] : []));
    // Over no rows at all there is still a count.
    if (query.groupBy.length === 0) this.#groupOf([]);
  }

  /** Whether it counts rows and looks at nothing of them but what groups them. */
  get isCountOnly(): boolean {
    return this.#aggregates.every(({ name, path }) => name === 'COUNT' && path === undefined);
  }

  /** Throws Problem `argument-invalid` when there are too many groups. */
  add(value: (path: Path) => Value, times = 1): void {
    const group = this.#groupOf(this.#query.groupBy.map(value));
    for (const [at, { path }] of this.#aggregates.entries()) {
      const accumulator = group.accumulators[at];
      if (path !== undefined) accumulator?.add(value(path));
      else accumulator?.add(times);
    }
  }

  /** One row a group, in the order of their values. */
  rows(): JsonObject[] {
    const { select } = this.#query;
    const sorted = [...this.#groups].sort(([one], [other]) => compareText(one, other));
    return sorted.map(([, { values, accumulators }]) => {
      const results = accumulators.values();
      const cells = (select === '*' ? [] : select).flatMap((item) => {
        const value = item.aggregate ? results.next().value?.result() : this.#groupValue(item.value, values);
        return value === undefined ? [] : [[item.name, value] as const];
      });
      return Object.fromEntries(cells);
    });
  }

  #groupValue(expression: { kind: string; path?: Path; value?: unknown }, values: readonly Value[]): Value {
    if (expression.kind === 'constant') return expression.value as Value;
    const wanted = JSON.stringify(expression.path);
    return values[this.#query.groupBy.findIndex((path) => JSON.stringify(path) === wanted)];
  }

  #groupOf(values: readonly Value[]): Group {
    // Nothing in JSON is written like what is missing.
    const key = values.map((value) => (value === undefined ? '' : JSON.stringify(value))).join(',');
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size >= queryLimits.groupsMax) {
      throw new Problem('argument-invalid', `The query makes more than ${queryLimits.groupsMax} groups.`);
    }
    const group = { values, accumulators: this.#aggregates.map(accumulatorOf) };
    this.#groups.set(key, group);
    return group;
  }
}

function accumulatorOf({ name, path }: Aggregate): Accumulator {
  switch (name) {
    case 'COUNT':
      return countOf(path === undefined);
    case 'SUM':
      return numbers((sum) => sum);
    case 'AVG':
      return numbers((sum, count) => (count === 0 ? undefined : sum / count));
    case 'MIN':
      return extreme(-1);
    case 'MAX':
      return extreme(1);
  }
}

/** Of rows, or of those in which a member is there. */
function countOf(isOfRows: boolean): Accumulator {
  let count = 0;
  return {
    add(value) {
      if (isOfRows) count += Number(value);
      else if (value !== undefined) count += 1;
    },
    result: () => count,
  };
}

function numbers(resultOf: (sum: number, count: number) => number | undefined): Accumulator {
  let sum = 0;
  let count = 0;
  return {
    add(value) {
      if (typeof value !== 'number') return;
      sum += value;
      count += 1;
    },
    result() {
      const result = resultOf(sum, count);
      return result !== undefined && Number.isFinite(result) ? result : undefined;
    },
  };
}

/** The least (-1) or the greatest (1), of numbers or else of texts: the two have no order among each other. */
function extreme(direction: 1 | -1): Accumulator {
  let number: number | undefined;
  let text: string | undefined;
  return {
    add(value) {
      if (typeof value === 'number') number = number === undefined || (value - number) * direction > 0 ? value : number;
      if (typeof value === 'string') text = text === undefined || compareText(value, text) * direction > 0 ? value : text;
    },
    result: () => number ?? text,
  };
}
