import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellText, columnsOf, deviceOf } from './query-columns.ts';

test('of whole twins the members that tell most are columns, in an order of their own', () => {
  const twin = { etag: 'A', version: 3, tags: { hall: 1 }, status: 'enabled', deviceId: 'd', properties: {} };
  assert.deepEqual(columnsOf([twin]), ['deviceId', 'status', 'tags']);
  assert.equal(cellText(twin, 'tags'), '{"hall":1}');
  assert.equal(deviceOf(twin), 'd');
});

test('of what a query chose everything is a column, as far as there is room', () => {
  assert.deepEqual(columnsOf([{ hall: 1 }, { hall: 2, count: 3 }]), ['hall', 'count']);
  assert.equal(columnsOf([Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`c${at}`, at]))]).length, 6);
  assert.equal(deviceOf({ hall: 1 }), undefined);
  assert.equal(cellText({ hall: 1 }, 'count'), '');
});
