import type { DeviceRow } from '../../api/contract.ts';

/** What the filter row says; it lives in the URL. */
export type DeviceFilter = { search: string; status: string; template: string; connection: string };

/** In place of a template id: devices without one. */
export const unassigned = 'unassigned';

export function readFilter(search: URLSearchParams): DeviceFilter {
  return {
    search: search.get('search') ?? '',
    status: search.get('status') ?? '',
    // Older links and scripts say Unassociated.
    template: (search.get('template') ?? '').replace(/^unassociated$/i, unassigned),
    connection: search.get('connection') ?? '',
  };
}

export function isFiltered(filter: DeviceFilter): boolean {
  return Object.values(filter).some((value) => value !== '');
}

export function filterDevices(rows: readonly DeviceRow[], filter: DeviceFilter): DeviceRow[] {
  const wanted = filter.search.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (wanted === '' || row.id.toLowerCase().includes(wanted) || row.displayName.toLowerCase().includes(wanted)) &&
      (filter.status === '' || row.status === filter.status) &&
      (filter.template === '' || (row.template?.id ?? unassigned) === filter.template) &&
      (filter.connection === '' || row.isConnected === (filter.connection === 'connected')),
  );
}

export type SortKey = 'displayName' | 'id' | 'status' | 'template' | 'isConnected' | 'lastSeenAt';
export type Sort = { key: SortKey; isDescending: boolean };

export function readSort(search: URLSearchParams): Sort {
  const text = search.get('sort') ?? '';
  const key = sortKeys.find((known) => known === text.replace(/^-/, ''));
  return { key: key ?? 'displayName', isDescending: text.startsWith('-') };
}

const sortKeys: readonly SortKey[] = ['displayName', 'id', 'status', 'template', 'isConnected', 'lastSeenAt'];

/** A stable order: equal rows fall back to name and id, so that live updates do not shuffle them. */
export function sortDevices(rows: readonly DeviceRow[], sort: Sort): DeviceRow[] {
  const sign = sort.isDescending ? -1 : 1;
  return [...rows].sort(
    (a, b) =>
      sign * compare(sortText(a, sort.key), sortText(b, sort.key)) ||
      compare(a.displayName, b.displayName) ||
      compare(a.id, b.id),
  );
}

function sortText(row: DeviceRow, key: SortKey): string {
  if (key === 'template') return row.template?.displayName ?? '';
  if (key === 'isConnected') return row.isConnected ? '0' : '1';
  return row[key] ?? '';
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compare(a: string, b: string): number {
  return collator.compare(a, b);
}
