import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { SourceName } from '#lang/query/ast.ts';
import { parseQuery } from '#lang/query/parse.ts';
import { formatContinuation, parseContinuation } from './continuation.ts';
import { queryLimits } from './limits.ts';
import type { QuerySource } from './query-source.ts';
import { runQuery } from './run-query.ts';

export type QueryAnswer = {
  readonly items: readonly JsonObject[];
  /** What the rows are: `Raw` for a projection or groups. */
  readonly itemType: QuerySource['itemType'] | 'Raw';
  /** Gives the next page with the same text; undefined on the last one. */
  readonly continuation?: string;
};

/** Queries over the sources that a hub has. Few run at once; the others wait, because each may look at every device. */
export class Queries {
  readonly #sources: ReadonlyMap<SourceName, QuerySource>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(sources: ReadonlyMap<SourceName, QuerySource>) {
    this.#sources = sources;
  }

  /**
   * A page of a query's answer, which has all that was written before. Throws Problem `argument-invalid` for a text that
   * is no query, a source that is not here and a token that is not this query's, and `throttled` when too many wait.
   */
  async run(text: string, page: { items?: number; continuation?: string } = {}): Promise<QueryAnswer> {
    const query = parseQuery(text);
    const source = this.#sources.get(query.source);
    if (!source) throw new Problem('argument-invalid', `This hub answers no queries from ${query.source}.`);
    const { items: asked = queryLimits.pageItemsDefault, continuation } = page;
    const from = continuation === undefined ? { given: 0 } : parseContinuation(text, continuation);
    const pageItems = Math.min(Math.max(1, asked), queryLimits.pageItemsMax);
    const { items, next } = await this.#inTurn(() => runQuery(source, query, from, pageItems));
    return {
      items,
      itemType: query.select === '*' ? source.itemType : 'Raw',
      ...(next === undefined ? {} : { continuation: formatContinuation(text, next) }),
    };
  }

  /** Throws Problem `argument-invalid` for a text that is no query, or is of a source that is not here. */
  check(text: string): void {
    const { source } = parseQuery(text);
    if (!this.#sources.has(source)) throw new Problem('argument-invalid', `This hub answers no queries from ${source}.`);
  }

  /** How many rows a query gives. Throws as `run`. */
  async countRows(text: string): Promise<number> {
    let count = 0;
    let continuation: string | undefined;
    do {
      const page = await this.run(text, {
        items: queryLimits.pageItemsMax,
        ...(continuation === undefined ? {} : { continuation }),
      });
      count += page.items.length;
      continuation = page.continuation;
    } while (continuation !== undefined);
    return count;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= queryLimits.runningMax) {
      if (this.#waiting.length >= queryLimits.waitingMax)
        throw new Problem('throttled', 'Too many queries wait for others to end.');
      // Whoever ends hands over its place.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
