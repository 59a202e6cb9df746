import type { JsonObject } from '#base/json.ts';
import type { QuerySource } from '#hub/query/query-source.ts';
import { walk } from '#lang/evaluate.ts';

/** Documents in memory as a source of queries: what a database's answers are compared with. */
export function documentSource(documents: readonly JsonObject[]): QuerySource {
  return {
    itemType: 'Twin',
    async scan({ after, max }) {
      const from = after === undefined ? 0 : Number(after) + 1;
      const rows = documents.slice(from, from + max).map((document, at) => ({
        key: String(from + at),
        value: (path: readonly (string | number)[]) => walk(document, path),
        document: () => document,
      }));
      return { rows, ...(from + max < documents.length ? { through: String(from + max - 1) } : {}) };
    },
  };
}
