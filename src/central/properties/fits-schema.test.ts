import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '#base/json.ts';
import type { CapabilitySchema } from '../templates/device-model.ts';
import { fitsSchema } from './fits-schema.ts';

const table: [CapabilitySchema, Json[], Json[]][] = [
  ['boolean', [true, false], [0, 'true', null]],
  ['double', [0, -1.5, 1e300], ['1', null, true]],
  ['integer', [0, 2 ** 31 - 1, -(2 ** 31)], [1.5, 2 ** 31, '1']],
  ['long', [2 ** 40], [2 ** 60, 1.5]],
  ['string', ['', 'x'], [1, null]],
  ['enum', ['a', 1], [1.5, null, {}]],
  ['dateTime', ['2026-06-01T12:00:00Z', '2026-06-01T12:00:00.5+02:00'], ['2026-06-01', 'now', 1]],
  ['date', ['2026-06-01'], ['2026-6-1']],
  ['time', ['12:00:00'], ['noon']],
  ['duration', ['PT5M', 'P1DT2H', 'P2W'], ['P', 'PT', '5 minutes']],
  ['array', [[]], [{}, 'x']],
  ['object', [{}], [[], null]],
];

test('values fit their schema without coercion', () => {
  for (const [schema, good, bad] of table) {
    for (const value of good) assert.equal(fitsSchema(value, schema), true, `${schema} ${JSON.stringify(value)}`);
    for (const value of bad) assert.equal(fitsSchema(value, schema), false, `${schema} ${JSON.stringify(value)}`);
  }
});
