import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readValue, writeValue } from './property-value.ts';

test('a field is read as its schema says', () => {
  assert.deepEqual(readValue('boolean', 'true'), { ok: true, value: true });
  assert.deepEqual(readValue('integer', ' 42 '), { ok: true, value: 42 });
  assert.deepEqual(readValue('double', '1e-3'), { ok: true, value: 0.001 });
  assert.deepEqual(readValue('string', '42'), { ok: true, value: '42' });
  assert.deepEqual(readValue('object', '{"a":1}'), { ok: true, value: { a: 1 } });
});

test('what does not fit its schema is refused with words that say what to type', () => {
  for (const [schema, text] of [
    ['boolean', 'yes'],
    ['integer', '1.5'],
    ['integer', '99999999999999999999'],
    ['double', ''],
    ['double', '21,5'],
    ['object', '{a:1}'],
  ] as const) {
    const read = readValue(schema, text);
    assert.equal(read.ok, false, `${schema} ${text}`);
    assert.match(read.ok ? '' : read.message, /^Type /);
  }
});

test('writing and reading give the value back', () => {
  for (const [schema, value] of [
    ['string', ' spaces '],
    ['boolean', false],
    ['double', 21.5],
    ['map', { a: [1, 'x'] }],
  ] as const) {
    assert.deepEqual(readValue(schema, writeValue(schema, value as never)), { ok: true, value });
  }
});
