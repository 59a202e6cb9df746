import { Problem } from '#base/problem.ts';
import { evaluate } from '#lang/evaluate.ts';
import { pathsOf } from '#lang/expression.ts';
import type { Query, SourceName } from '#lang/query/ast.ts';
import { parseQueryCondition } from '#lang/query/parse.ts';
import type { QuerySource } from './query-source.ts';

export type FoundIdentities = { readonly identities: readonly string[]; readonly through?: string };

/** Devices or modules by the condition with which jobs and configurations choose them. */
export class IdentityFinder {
  readonly #sources: ReadonlyMap<SourceName, QuerySource>;

  constructor(sources: ReadonlyMap<SourceName, QuerySource>) {
    this.#sources = sources;
  }

  /** Throws Problem `argument-invalid` for what is no condition, with the place where it is wrong. */
  check(condition: string): void {
    this.#parse(condition);
  }

  /** Names in order, behind `after`: all that `condition` keeps up to `through`, or to the end where that is missing. */
  async find(condition: string, after: string | undefined, max: number): Promise<FoundIdentities> {
    const { source, where } = this.#parse(condition);
    const { rows, through } = await source.scan({
      ...(after === undefined ? {} : { after }),
      ...(where === undefined ? {} : { where }),
      paths: where === undefined ? [] : [...pathsOf(where)],
      max,
    });
    const kept = where === undefined ? rows : rows.filter((row) => evaluate(where, row) === true);
    return { identities: kept.map(({ key }) => key), ...(through === undefined ? {} : { through }) };
  }

  #parse(condition: string): { source: QuerySource; where: Query['where'] } {
    const { source: name, where } = parseQueryCondition(condition);
    const source = this.#sources.get(name);
    if (!source || name === 'devices.jobs') throw new Problem('argument-invalid', `Nothing is chosen from ${name}.`);
    return { source, where };
  }
}
