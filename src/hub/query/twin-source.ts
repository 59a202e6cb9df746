import { setImmediate as turn } from 'node:timers/promises';
import type { JsonObject } from '#base/json.ts';
import type { Path, Value } from '#lang/expression.ts';
import type { Database } from '#storage/database.ts';
import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import type { Presence } from '../presence/presence.ts';
import { queryLimits } from './limits.ts';
import { fieldOf, pushDown } from './push-down.ts';
import type { QuerySource } from './query-source.ts';
import { twinRow } from './twin-row.ts';
import { type CountedColumn, type SectionColumn, TwinRowStore } from './twin-row-store.ts';

export type TwinSourceOptions = {
  readonly database: Database;
  readonly hub: string;
  /** Connections that were made or lost a moment ago are written before a query looks. */
  readonly presence: Pick<Presence, 'flush'>;
  readonly cloudToDevice: Pick<CloudToDevice, 'countMany'>;
  /** Which configurations are meant for each of these, for those that any is meant for; without it, none is. */
  readonly configurationsOf?: (identities: readonly string[]) => Promise<ReadonlyMap<string, JsonObject>>;
};

const everySection: readonly SectionColumn[] = ['tags', 'desired', 'desired_metadata', 'reported', 'reported_metadata'];

/** The twins of a hub's devices, or of its modules, as a source of queries. */
export function twinSource(options: TwinSourceOptions, isOfModules: boolean): QuerySource {
  const { database, hub, presence, cloudToDevice, configurationsOf } = options;
  const store = new TwinRowStore(database, hub, isOfModules);
  return {
    itemType: 'Twin',
    async scan({ after = '', where, paths, max }) {
      await presence.flush();
      const sections = sectionsOf(paths);
      const isWhole = sections.length === everySection.length;
      const { documentsAtOnce, rowsAtOnce } = queryLimits;
      const { rows, through } = await store.scan({
        after,
        filter: pushDown(where).filter,
        sections,
        isWithHead: paths === undefined || paths.some(isInHead),
        max: Math.min(max, isWhole ? documentsAtOnce : rowsAtOnce),
      });
      const isCounted = paths === undefined || paths.some(([root]) => root === 'cloudToDeviceMessageCount');
      const identities = rows.map(({ identity }) => identity);
      const counts = isCounted ? await cloudToDevice.countMany(identities) : undefined;
      const isConfigured = paths === undefined || paths.some(([root]) => root === 'configurations');
      const configurations = isConfigured ? await configurationsOf?.(identities) : undefined;
      return {
        rows: rows.map((row) => twinRow(row, counts?.get(row.identity) ?? 0, configurations?.get(row.identity))),
        ...(through === undefined ? {} : { through }),
      };
    },
    async count(groupBy, where) {
      const { filter, isExact } = pushDown(where);
      const columns = groupBy.map(countedColumn).filter((column) => column !== undefined);
      if (!isExact || columns.length < groupBy.length) return undefined;
      await presence.flush();
      const groups = await store.count(columns, filter, turn);
      return groups.map(({ values, count }) => ({ count, values: values.map((value, at) => spell(columns[at], value)) }));
    },
  };
}

function countedColumn(path: Path): CountedColumn | undefined {
  const field = fieldOf(path);
  if (!field || 'section' in field || field.column === 'deviceId' || field.column === 'moduleId') return undefined;
  return field.column;
}

function spell(column: CountedColumn | undefined, value: string | number): Value {
  if (column === 'status') return value === 1 ? 'enabled' : 'disabled';
  return column === 'connectionState' ? (value === 1 ? 'Connected' : 'Disconnected') : value;
}

/** Whether a path leads to anything but a section. */
function isInHead([root, section, member]: Path): boolean {
  if (root === 'tags') return false;
  return root !== 'properties' || member === undefined || (section !== 'desired' && section !== 'reported');
}

/** The sections that paths lead into; all of them for whole documents. */
function sectionsOf(paths: readonly Path[] | undefined): readonly SectionColumn[] {
  if (paths === undefined) return everySection;
  const needed = new Set<SectionColumn>();
  for (const [root, section, member] of paths) {
    if (root === 'tags') needed.add('tags');
    if (root !== 'properties') continue;
    if (member === undefined || (section !== 'desired' && section !== 'reported')) return everySection;
    if (member !== '$version') needed.add(member === '$metadata' ? `${section}_metadata` : section);
  }
  return everySection.filter((column) => needed.has(column));
}
