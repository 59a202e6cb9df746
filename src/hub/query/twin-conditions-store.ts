import { type RawBuilder, sql } from 'kysely';
import type { DatabaseKind } from '#storage/database.ts';
import { tagPath, tagValue } from '../twins/tag-index.ts';
import type { Field, Filter, Test } from './push-down.ts';

type Condition = RawBuilder<unknown>;
type Member = Extract<Field, { section: unknown }>;
type Scalar = string | number | boolean;

/** Filters as SQL over a twin `t`, its device `d` and its connection `p`, in either database's words. */
export class TwinConditions {
  readonly #isSqlite: boolean;

  constructor(kind: DatabaseKind) {
    this.#isSqlite = kind === 'sqlite';
  }

  /** A text in the order of its bytes, which SQLite's always are. */
  bytewise(text: RawBuilder<unknown>): RawBuilder<string> {
    return this.#isSqlite ? sql`${text}` : sql`${text} collate "C"`;
  }

  /** The same, but SQLite looks for no index by it. */
  unindexed(text: RawBuilder<unknown>): RawBuilder<unknown> {
    return this.#isSqlite ? sql`+${text}` : text;
  }

  column(column: Extract<Field, { column: unknown }>['column']): RawBuilder<unknown> {
    switch (column) {
      case 'deviceId':
        return this.bytewise(sql`t.device_id`);
      case 'moduleId':
        return this.bytewise(sql`t.module_id`);
      case 'modelId':
        return this.bytewise(sql`t.model_id`);
      case 'status':
        return sql`(case when d.hold_reason is null then d.is_enabled else 0 end)`;
      case 'connectionState':
        return sql`coalesce(p.is_connected, 0)`;
    }
  }

  condition(filter: Filter): Condition {
    if ('all' in filter)
      return joined(
        filter.all.map((part) => this.condition(part)),
        sql` and `,
      );
    if ('any' in filter)
      return joined(
        filter.any.map((part) => this.condition(part)),
        sql` or `,
      );
    const { field, test } = filter;
    if ('column' in field) return this.#ofColumn(field.column, test);
    return field.section === 'tags' ? ofTag(field, test) : this.#ofSection(field, test);
  }

  #ofColumn(name: Extract<Field, { column: unknown }>['column'], test: Test): Condition {
    const column = this.column(name);
    switch (test.is) {
      case 'among':
      case 'not-among': {
        const values = test.values.map((value) => columnValue(name, value));
        return test.is === 'among' ? among(column, values) : sql`(${column} is not null and not ${among(column, values)})`;
      }
      case 'range':
        return sql`${column} ${operators[test.operator]} ${test.value}`;
      case 'prefix':
        return sql`(${column} >= ${test.text} and ${column} < ${test.text + lastCharacter})`;
      case 'defined':
      case 'missing':
        throw new Error('a column has nothing that may be missing');
    }
  }

  /**
   * A member of desired or reported. Neither database reads every escape of JSON as we do, and PostgreSQL fails over some:
   * a section that holds one of those that we write is kept, for us to look at.
   */
  #ofSection({ section, path }: Member, test: Test): Condition {
    const text = sql.ref(`t.${section}`);
    if (this.#isSqlite) return sql`(instr(${text}, '\\u') > 0 or ${sqliteMember(text, path, test)})`;
    return sql`(case when strpos(${text}, '\\u') > 0 then true else ${postgresMember(text, path, test)} end)`;
  }
}

/** Sorts behind every other character. */
const lastCharacter = '\u{10ffff}';

const operators = { '<': sql`<`, '<=': sql`<=`, '>': sql`>`, '>=': sql`>=` } as const;

function joined(conditions: readonly Condition[], separator: Condition): Condition {
  return sql`(${sql.join(conditions, separator)})`;
}

function among(subject: Condition, values: readonly unknown[]): Condition {
  return values.length === 0 ? sql`(1 = 0)` : sql`${subject} in (${sql.join(values)})`;
}

/** The states are kept as numbers; a word that is none of theirs is kept as no number. */
function columnValue(name: string, value: Scalar): Scalar {
  if (name === 'status') return value === 'enabled' ? 1 : value === 'disabled' ? 0 : -1;
  if (name === 'connectionState') return value === 'Connected' ? 1 : value === 'Disconnected' ? 0 : -1;
  return value;
}

/** By the index of tags, whose entries may be shortened: what passes is compared again. */
function ofTag({ path }: Member, test: Test): Condition {
  const value = sql.ref('x.value');
  const entry = (condition: Condition) =>
    sql`exists (select 1 from hub_twin_tag x where x.hub = t.hub and x.identity = t.identity and x.path = ${tagPath(path)} ${condition})`;
  switch (test.is) {
    case 'among':
      return entry(sql`and ${among(value, test.values.map(tagValue))}`);
    case 'not-among':
    case 'defined':
      return entry(sql``);
    case 'missing':
      return sql`not ${entry(sql``)}`;
    case 'prefix': {
      const first = tagValue(test.text);
      return entry(sql`and ${value} >= ${first} and ${value} <= ${Buffer.concat([first, Buffer.from([0xff])])}`);
    }
    case 'range': {
      const bound = tagValue(test.value);
      // From the kind's letter to the next: values of other kinds have no order with this one.
      const letter = bound[0] ?? 0;
      const isUp = test.operator === '>' || test.operator === '>=';
      const [low, high] = isUp ? [bound, Buffer.from([letter + 1])] : [Buffer.from([letter]), bound];
      return entry(sql`and ${value} >= ${low} and ${value} <= ${high}`);
    }
  }
}

function sqliteMember(text: Condition, path: readonly string[], test: Test): Condition {
  const place = `$${path.map((name) => `."${name}"`).join('')}`;
  const value = sql`json_extract(${text}, ${place})`;
  switch (test.is) {
    case 'among': {
      const texts = test.values.filter((each) => typeof each === 'string');
      const others = test.values.filter((each) => typeof each !== 'string').map((each) => JSON.stringify(each));
      // Numbers are compared as they are written: SQLite may read one as its neighbour.
      return joined([among(value, texts), among(sql`(${text} -> ${place})`, others)], sql` or `);
    }
    case 'not-among':
    case 'defined':
      return sql`json_type(${text}, ${place}) is not null`;
    case 'missing':
      return sql`json_type(${text}, ${place}) is null`;
    case 'prefix':
      return sql`(${value} >= ${test.text} and ${value} < ${test.text + lastCharacter})`;
    case 'range':
      return sql`${value} ${inclusive(test.operator)} ${roomy(test.operator, test.value)}`;
  }
}

function postgresMember(text: Condition, path: readonly string[], test: Test): Condition {
  const place = sql`${[...path]}::text[]`;
  const value = sql`(${text}::json #>> ${place})`;
  const member = sql`(${text}::json #> ${place})`;
  switch (test.is) {
    case 'among':
      return among(
        value,
        test.values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))),
      );
    case 'not-among':
    case 'defined':
      return sql`${member} is not null`;
    case 'missing':
      return sql`${member} is null`;
    case 'prefix':
      return sql`starts_with(${value}, ${test.text})`;
    case 'range':
      if (typeof test.value === 'string') return sql`${value} collate "C" ${operators[test.operator]} ${test.value}`;
      return sql`(case when json_typeof(${member}) = 'number' then ${value}::numeric ${operators[test.operator]} ${String(test.value)}::numeric
        else false end)`;
  }
}

function inclusive(operator: '<' | '<=' | '>' | '>='): Condition {
  return operator === '>' || operator === '>=' ? operators['>='] : operators['<='];
}

/** A little beyond, for what SQLite reads a number as. */
function roomy(operator: string, value: string | number): string | number {
  if (typeof value === 'string') return value;
  const room = Math.abs(value) * 1e-12 + Number.MIN_VALUE;
  const bound = operator.startsWith('>') ? value - room : value + room;
  return Number.isFinite(bound) ? bound : value;
}
