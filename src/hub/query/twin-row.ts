import { instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { walk } from '#lang/evaluate.ts';
import type { Path, Value } from '#lang/expression.ts';
import { statusOf } from '../registry/status-columns.ts';
import { etagOf, formatSection } from '../twins/twin.ts';
import { parseDocument, unpackMetadata } from '../twins/twin-columns.ts';
import { formatTwinHead } from '../twins/twin-document.ts';
import { formatMetadata } from '../twins/twin-metadata.ts';
import type { QueryRow } from './query-source.ts';
import type { TwinColumns } from './twin-row-store.ts';

/** Names by which tools ask for what a twin calls otherwise: identities call it so. */
const otherNames: ReadonlyMap<unknown, string> = new Map([
  ['statusUpdatedTime', 'statusUpdateTime'],
  ['connectionStateUpdatedTime', 'lastActivityTime'],
]);

/**
 * A twin as queries see it, from the columns of its row: the document that GET /twins gives. Only what is asked for is
 * parsed; most rows of a long scan are asked for one member.
 */
export function twinRow(columns: TwinColumns, messageCount: number, configurations?: JsonObject): QueryRow {
  let head: JsonObject | undefined;
  const sections = new Map<string, JsonObject>();

  function readHead(): JsonObject {
    head ??= formatTwinHead({
      twin: {
        deviceId: columns.device_id,
        ...(columns.module_id === null ? {} : { moduleId: columns.module_id }),
        etag: etagOf(columns.service_revision),
        version: columns.revision,
        modelId: columns.model_id,
      },
      device: {
        deviceId: columns.device_id,
        generationId: columns.generation_id,
        ...statusOf(columns),
        ...(columns.status_updated_at === null ? {} : { statusUpdatedAt: instant(columns.status_updated_at) }),
        isEdge: columns.is_edge === 1,
        ...(columns.parent_scope === null ? {} : { parentScope: columns.parent_scope }),
      },
      owner: {
        etag: columns.owner_etag,
        authentication: {
          type: columns.authentication_type,
          ...(columns.primary_thumbprint === null ? {} : { primaryThumbprint: columns.primary_thumbprint }),
          ...(columns.secondary_thumbprint === null ? {} : { secondaryThumbprint: columns.secondary_thumbprint }),
        },
      },
      presence:
        columns.changed_at === null ? undefined : { isConnected: columns.is_connected === 1, since: instant(columns.changed_at) },
      messageCount,
      configurations,
    });
    return head;
  }

  function readSection(name: 'tags' | 'desired' | 'reported'): JsonObject {
    const known = sections.get(name);
    if (known) return known;
    const read = parseDocument(textOf(columns[name]));
    sections.set(name, read);
    return read;
  }

  const metadataOf = (name: 'desired' | 'reported') => unpackMetadata(JSON.parse(textOf(columns[`${name}_metadata`])));

  function document(): JsonObject {
    const section = (name: 'desired' | 'reported') =>
      formatSection(readSection(name), metadataOf(name), columns[`${name}_version`]);
    return {
      ...readHead(),
      tags: readSection('tags'),
      properties: { desired: section('desired'), reported: section('reported') },
    };
  }

  return {
    key: columns.identity,
    document,
    value(path: Path): Value {
      const [root, section, member, ...rest] = path;
      if (root === 'tags') return walk(readSection('tags'), path.slice(1));
      if (root !== 'properties') return walk(readHead(), [otherNames.get(root) ?? root ?? '', ...path.slice(1)]);
      if (member === undefined || (section !== 'desired' && section !== 'reported')) return walk(document(), path);
      if (member === '$version') return walk(columns[`${section}_version`], rest);
      if (member === '$metadata') return walk(formatMetadata(metadataOf(section)), rest);
      return walk(readSection(section), path.slice(2));
    },
  };
}

function textOf(column: string | undefined): string {
  if (column === undefined) throw new Error('a query looked at a section that it had not asked for');
  return column;
}
