import { type RawBuilder, sql } from 'kysely';
import { type Database, kindOf } from '#storage/database.ts';
import type { HubDeviceRow, HubTwinRow } from '#storage/schema/hub.ts';
import { tagPath, tagValue } from '../twins/tag-index.ts';
import { queryLimits } from './limits.ts';
import type { Field, Filter } from './push-down.ts';
import { TwinConditions } from './twin-conditions-store.ts';

export type SectionColumn = 'tags' | 'desired' | 'desired_metadata' | 'reported' | 'reported_metadata';

/** A twin with what of its device, its module and its connection stands in its document; sections where asked for. */
export type TwinColumns = Omit<HubTwinRow, 'hub' | 'is_indexed' | SectionColumn> &
  Partial<Pick<HubTwinRow, SectionColumn>> &
  Pick<
    HubDeviceRow,
    'generation_id' | 'is_enabled' | 'status_reason' | 'hold_reason' | 'status_updated_at' | 'is_edge' | 'parent_scope'
  > & {
    owner_etag: string;
    authentication_type: string;
    primary_thumbprint: string | null;
    secondary_thumbprint: string | null;
    is_connected: number | null;
    changed_at: number | null;
  };

export type TwinScan = {
  /** Behind this key. */
  readonly after: string;
  readonly filter: Filter | undefined;
  readonly sections: readonly SectionColumn[];
  /** Whether more is asked for than sections and their versions: then the device, the module and the connection are read. */
  readonly isWithHead: boolean;
  readonly max: number;
};

/** Columns by whose values rows are counted in the database. */
export type CountedColumn = 'status' | 'connectionState' | 'modelId';

export type ColumnCount = { readonly values: readonly (string | number)[]; readonly count: number };

/** Where a scan walks: along the keys of twins, along those of one value of a tag, or through a few named devices. */
type Way = {
  readonly tag?: { path: string; value: Buffer };
  readonly devices?: readonly string[];
  readonly rest: readonly Filter[];
};

/** Twins of devices or of modules with what belongs to them, in the order of their keys' bytes. Reads what other rooms write. */
export class TwinRowStore {
  readonly #database: Database;
  readonly #hub: string;
  readonly #isOfModules: boolean;
  readonly #passedAtOnce: number;
  readonly #conditions: TwinConditions;

  constructor(database: Database, hub: string, isOfModules: boolean) {
    this.#database = database;
    this.#hub = hub;
    this.#isOfModules = isOfModules;
    const kind = kindOf(database);
    this.#passedAtOnce = queryLimits.passedAtOnce[kind];
    this.#conditions = new TwinConditions(kind);
  }

  /** The next rows that pass the filter, and up to which key that was looked for; undefined for the end. */
  async scan({ after, filter, sections, isWithHead, max }: TwinScan): Promise<{ rows: TwinColumns[]; through?: string }> {
    const way = wayThrough(filter);
    const end = way.rest.length === 0 || way.devices ? undefined : await this.#boundary(way, after);
    const rest = way.rest.map((each) => this.#conditions.condition(each));
    const isJoined = isWithHead || isOfOthers(filter);
    const wanted = sections.map((column) => sql`, ${sql.ref(`t.${column}`)}`);
    // Without its head a row is a third of the work, and nobody looks at the columns that are missing then.
    const { rows } = await sql<TwinColumns>`
      select t.identity, t.desired_version, t.reported_version ${isWithHead ? this.#head() : sql``} ${sql.join(wanted, sql``)}
      from ${this.#stream(way)} ${this.#joined(way, isJoined)}
      where ${this.#along(way, after, end)} and ${this.#own(way, isJoined)}
        ${sql.join(
          rest.map((each) => sql` and ${each}`),
          sql``,
        )}
      order by ${this.#key(way)} limit ${max}`.execute(this.#database);
    const last = rows.at(-1)?.identity;
    const through = rows.length === max && last !== undefined ? last : end;
    return { rows, ...(through === undefined ? {} : { through }) };
  }

  /** How many rows pass the filter, by columns. `onTurn` is called between statements, of which a large hub needs several. */
  async count(
    columns: readonly CountedColumn[],
    filter: Filter | undefined,
    onTurn: () => Promise<void>,
  ): Promise<ColumnCount[]> {
    const groups = new Map<string, { values: (string | number)[]; count: number }>();
    const add = async (from: RawBuilder<unknown>, where: RawBuilder<unknown>): Promise<void> => {
      const named = columns.map((column, at) => sql`${this.#conditions.column(column)} as ${sql.ref(`g${at}`)}`);
      const by = columns.map((column) => this.#conditions.column(column));
      const { rows } = await sql<Record<string, string | number>>`
        select ${sql.join([...named, sql`count(*) as n`])} from ${from} where ${where}
        ${by.length === 0 ? sql`` : sql`group by ${sql.join(by)}`}`.execute(this.#database);
      for (const { n, ...row } of rows) {
        const values = columns.map((_, at) => row[`g${at}`] ?? '');
        const key = JSON.stringify(values);
        groups.set(key, { values, count: (groups.get(key)?.count ?? 0) + Number(n) });
      }
    };
    const condition = filter ? sql`and ${this.#conditions.condition(filter)}` : sql``;
    if (!this.#isOfModules && columns.every((column) => column === 'status') && isOfStatus(filter)) {
      // An index holds all there is to know, and every device has one twin.
      await add(sql`hub_device d`, sql`d.hub = ${this.#hub} ${condition}`);
      return [...groups.values()];
    }
    const way: Way = { rest: [] };
    const from = sql`${this.#stream(way)} ${this.#joined(way, true)}`;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const end: string | undefined = await this.#boundary(way, after);
      await add(from, sql`${this.#along(way, after, end)} and ${this.#own(way, true)} ${condition}`);
      after = end;
      await onTurn();
    }
    return [...groups.values()];
  }

  /** The key up to which one statement looks; undefined when what is left is less. */
  async #boundary(way: Way, after: string): Promise<string | undefined> {
    const key = this.#key(way);
    const { rows } = await sql<{ identity: string }>`
      select ${key} as identity from ${this.#stream(way)} where ${this.#along(way, after)}
      order by ${key} limit 1 offset ${this.#passedAtOnce - 1}`.execute(this.#database);
    return rows[0]?.identity;
  }

  /** The table whose index a scan walks along. */
  #stream({ tag }: Way): RawBuilder<unknown> {
    return tag ? sql`hub_twin_tag g` : sql`hub_twin t`;
  }

  #head(): RawBuilder<unknown> {
    const owner = this.#isOfModules ? sql`o` : sql`d`;
    return sql`, t.device_id, t.module_id, t.revision, t.service_revision, t.model_id, d.generation_id, d.is_enabled, d.status_reason,
      d.hold_reason, d.status_updated_at, d.is_edge, d.parent_scope, ${owner}.etag as owner_etag, ${owner}.authentication_type,
      ${owner}.primary_thumbprint, ${owner}.secondary_thumbprint, p.is_connected, p.changed_at`;
  }

  /** A cross join keeps its order on SQLite, which knows too little of the tables to find a good one. */
  #joined({ tag }: Way, isJoined: boolean): RawBuilder<unknown> {
    const twin = tag ? sql`cross join hub_twin t` : sql``;
    if (!isJoined) return twin;
    const owners = sql`cross join hub_device d ${this.#isOfModules ? sql`cross join hub_module o` : sql``}`;
    return sql`${twin} ${owners} left join hub_presence p on p.hub = t.hub and p.device_id = t.identity`;
  }

  #own({ tag }: Way, isJoined: boolean): RawBuilder<unknown> {
    const conditions = [this.#isOfModules ? sql`t.module_id is not null` : sql`t.module_id is null`];
    if (tag) conditions.push(sql`t.hub = g.hub and t.identity = g.identity`);
    if (isJoined) conditions.push(sql`d.hub = t.hub and d.device_id = t.device_id`);
    if (isJoined && this.#isOfModules)
      conditions.push(sql`o.hub = t.hub and o.device_id = t.device_id and o.module_id = t.module_id`);
    return sql.join(conditions, sql` and `);
  }

  #along(way: Way, after: string, end?: string): RawBuilder<unknown> {
    const key = this.#key(way);
    const until = end === undefined ? sql`` : sql`and ${key} <= ${end}`;
    const kind = this.#isOfModules ? sql`t.module_id is not null` : sql`t.module_id is null`;
    const range = sql`${key} > ${after} ${until}`;
    if (way.tag) {
      const { path, value } = way.tag;
      return sql`g.hub = ${this.#hub} and g.path = ${path} and g.value = ${value} and ${range}`;
    }
    if (way.devices) {
      // A device's key is its id.
      const named = this.#isOfModules ? sql`t.device_id` : sql`t.identity`;
      return sql`t.hub = ${this.#hub} and ${named} in (${sql.join(way.devices)}) and ${range}`;
    }
    const bounds = this.#bounds(way.rest, key);
    return sql`t.hub = ${this.#hub} and ${kind} and ${range} ${bounds}`;
  }

  /** What a condition on the device's id says of keys, which begin with it. */
  #bounds(rest: readonly Filter[], key: RawBuilder<string>): RawBuilder<unknown> {
    const bounds = rest.map((filter) => {
      if (!('field' in filter) || !isColumn(filter.field, 'deviceId')) return sql``;
      const { test } = filter;
      if (test.is === 'prefix') return sql` and ${key} >= ${test.text} and ${key} < ${test.text + lastCharacter}`;
      if (test.is !== 'range') return sql``;
      if (test.operator === '>' || test.operator === '>=') return sql` and ${key} >= ${test.value}`;
      // A module's key is longer than its device's id, and may stand behind what the id stands before.
      return this.#isOfModules ? sql`` : sql` and ${key} <= ${test.value}`;
    });
    return sql.join(bounds, sql``);
  }

  /** What the order goes by. Of a few devices the rows are found first, which the sign tells SQLite. */
  #key({ tag, devices }: Way): RawBuilder<string> {
    if (devices) return this.#conditions.bytewise(this.#conditions.unindexed(sql`t.identity`));
    return this.#conditions.bytewise(tag ? sql`g.identity` : sql`t.identity`);
  }
}

/** Sorts behind every character that an id may have. */
const lastCharacter = '\u{10ffff}';

/** The best index that a filter offers, and what is left to look at. */
function wayThrough(filter: Filter | undefined): Way {
  const all = filter === undefined ? [] : 'all' in filter ? filter.all : [filter];
  for (const each of all) {
    if (!('field' in each) || each.test.is !== 'among' || !isColumn(each.field, 'deviceId')) continue;
    const devices = each.test.values.filter((value) => typeof value === 'string');
    return { devices, rest: all.filter((other) => other !== each) };
  }
  for (const each of all) {
    if (!('field' in each) || each.test.is !== 'among' || !('section' in each.field) || each.field.section !== 'tags') continue;
    const [value, another] = each.test.values;
    if (value === undefined || another !== undefined) continue;
    return { tag: { path: tagPath(each.field.path), value: tagValue(value) }, rest: all.filter((other) => other !== each) };
  }
  return { rest: all };
}

function isColumn(field: Field, name: 'deviceId' | 'status'): boolean {
  return 'column' in field && field.column === name;
}

/** Whether a filter looks at a device or a connection. */
function isOfOthers(filter: Filter | undefined): boolean {
  if (filter === undefined) return false;
  if ('all' in filter) return filter.all.some(isOfOthers);
  if ('any' in filter) return filter.any.some(isOfOthers);
  return 'column' in filter.field && (filter.field.column === 'status' || filter.field.column === 'connectionState');
}

function isOfStatus(filter: Filter | undefined): boolean {
  if (filter === undefined) return true;
  if ('field' in filter) return isColumn(filter.field, 'status');
  return ('all' in filter ? filter.all : filter.any).every(isOfStatus);
}
