import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceRow } from '../../api/contract.ts';
import { writeFilter } from '../../components/write-filter.ts';
import { filterDevices, readFilter, readSort, sortDevices } from './device-filter.ts';

const row = (id: string, more: Partial<DeviceRow> = {}): DeviceRow => ({
  id,
  displayName: id,
  status: 'Provisioned',
  isConnected: false,
  simulated: false,
  ...more,
});
const ids = (rows: DeviceRow[]) => rows.map((item) => item.id);
const filtered = (text: string, rows: DeviceRow[]) => ids(filterDevices(rows, readFilter(new URLSearchParams(text))));

test('search looks at name and id, whatever the case', () => {
  const rows = [row('4AD09', { displayName: 'Pump' }), row('b', { displayName: 'Fan' })];
  assert.deepEqual(filtered('search=4ad', rows), ['4AD09']);
  assert.deepEqual(filtered('search=FAN', rows), ['b']);
});

test('filters hold together, and Unassociated still means Unassigned', () => {
  const rows = [
    row('a', { template: { id: 't', displayName: 'T' }, isConnected: true }),
    row('b'),
    row('c', { status: 'Blocked' }),
  ];
  assert.deepEqual(filtered('template=Unassociated&status=Blocked', rows), ['c']);
  assert.deepEqual(filtered('template=t&connection=connected', rows), ['a']);
  assert.deepEqual(filtered('connection=disconnected', rows), ['b', 'c']);
});

test('an emptied filter leaves the URL', () => {
  assert.equal(writeFilter(new URLSearchParams('status=Blocked&search=x'), { status: '' }).toString(), 'search=x');
});

test('rows sort by number inside text, and equal rows keep one order', () => {
  const rows = [row('dev10'), row('dev9'), row('dev1', { status: 'Blocked' })];
  assert.deepEqual(ids(sortDevices(rows, { key: 'displayName', isDescending: false })), ['dev1', 'dev9', 'dev10']);
  assert.deepEqual(ids(sortDevices(rows, readSort(new URLSearchParams('sort=-status')))), ['dev9', 'dev10', 'dev1']);
});

test('an unknown sort key is the default', () => {
  assert.deepEqual(readSort(new URLSearchParams('sort=-toString')), { key: 'displayName', isDescending: true });
});
