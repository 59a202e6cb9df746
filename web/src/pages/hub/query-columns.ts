import type { HubQueryRow } from '../../api/contract.ts';
import { shortValue } from '../../components/json-text.ts';

/** More do not fit on a page; each row opens to all of it. */
const columnsMax = 6;
const ofTwins = ['deviceId', 'moduleId', 'status', 'connectionState', 'lastActivityTime', 'tags'];

/** Which members of the rows are columns: of whole twins those that tell most, else those that the query names. */
export function columnsOf(rows: readonly HubQueryRow[]): string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  const isTwin = names.has('deviceId') && names.has('etag') && names.has('version');
  return (isTwin ? ofTwins.filter((name) => names.has(name)) : [...names]).slice(0, columnsMax);
}

export function cellText(row: HubQueryRow, column: string): string {
  return shortValue(row[column]);
}

/** The device that a row is of; undefined where the query did not ask for it. */
export function deviceOf(row: HubQueryRow): string | undefined {
  return typeof row.deviceId === 'string' ? row.deviceId : undefined;
}
