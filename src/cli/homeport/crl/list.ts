import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../kit/command.ts';
import { administer } from '../administration.ts';
import { jsonOption, printRows } from '../json-output.ts';

export const crlListCommand: Command = {
  options: [jsonOption],
  examples: ['homeport crl list', 'homeport crl list --json'],
  async run(invocation) {
    const { value, sources } = await administer(invocation, { method: 'GET', path: '/revocation-lists' });
    const rows = join(objects(value), objects(sources));
    printRows(invocation, {
      rows,
      columns: [
        { heading: 'Issuer', read: (row) => String(row.issuer ?? row.sha256Thumbprint) },
        { heading: 'Revoked', read: (row) => String(row.entries ?? '') },
        { heading: 'State', read: stateOf },
        { heading: 'From', read: (row) => String(row.url ?? row.addedBy ?? '') },
        { heading: 'Id', read: (row) => String(row.id ?? '') },
      ],
      data: rows,
      whenEmpty: 'There are no revocation lists. Upload one: homeport crl upload --path FILE',
    });
  },
};

/** Each list with where it is fetched, and what should be fetched and never was. */
function join(lists: readonly JsonObject[], sources: readonly JsonObject[]): JsonObject[] {
  const sourceOf = (list: JsonObject) => sources.find(({ sha256Thumbprint }) => sha256Thumbprint === list.sha256Thumbprint);
  const known = new Set(lists.map(({ sha256Thumbprint }) => sha256Thumbprint));
  return [
    ...lists.map((list) => ({ ...list, ...sourceOf(list) })),
    ...sources.filter(({ sha256Thumbprint }) => !known.has(sha256Thumbprint)),
  ];
}

function stateOf({ hasEnded, nextUpdate, failure, askedAt }: JsonObject): string {
  const list = nextUpdate === undefined ? 'none' : hasEnded === true ? `ended ${nextUpdate}` : `until ${nextUpdate}`;
  return failure === undefined ? list : `${list}; not fetched at ${askedAt}: ${failure}`;
}

function objects(value: JsonObject[string] | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
