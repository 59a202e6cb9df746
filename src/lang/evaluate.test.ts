import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluate, walk } from './evaluate.ts';
import type { Value } from './expression.ts';
import { parseQueryCondition } from './query/parse.ts';

const document = {
  text: 'b',
  number: 5,
  zero: 0,
  yes: true,
  nothing: null,
  list: [1, 'a', null, { deep: 'x' }],
  object: { in: { a: 1 } },
  clef: '\u{1d11e}',
  lastActivityTime: '2026-11-27T13:00:00.0000000Z',
};

const rows: readonly (readonly [condition: string, value: Value])[] = [
  ["text = 'b'", true],
  ["text > 'a' AND text < 'c'", true],
  ["text = 'B'", false],
  ['number = 5', true],
  ["number = '5'", undefined],
  ["number != '5'", undefined],
  ['missing = 5', undefined],
  ['NOT missing = 5', undefined],
  ['missing != undefined', false],
  ['missing = undefined', true],
  ['number != undefined', true],
  ['number <> 4', true],
  ['undefined = undefined', true],
  ['missing < undefined', undefined],
  ['nothing = null', true],
  ['number = null', undefined],
  ['nothing != undefined', true],
  ['yes = true', true],
  ['yes != true', false],
  ['yes > false', undefined],
  ['yes', true],
  ['number', 5],
  ['object = object', undefined],
  ['list = list', undefined],
  ['number = 5 OR missing = 1', true],
  ['number = 4 OR missing = 1', undefined],
  ['number = 4 AND missing = 1', false],
  ['number = 5 AND missing = 1', undefined],
  ['number = 5 AND number', undefined],
  ['NOT (number = 4)', true],
  ['NOT number', undefined],
  ["text IN ['a', 'b']", true],
  ["text NOT IN ['a', 'b']", false],
  ["text NIN ['a']", true],
  ["text NIN ['a', 1]", true],
  ['text NIN [1]', undefined],
  ['missing NIN [1]', undefined],
  ['number IN []', false],
  ['number NIN []', true],
  ['missing IN []', undefined],
  ['number + 2 * 3 = 11', true],
  ['(number + 2) * 3 = 21', true],
  ['-number + +1 = -4', true],
  ['number % 3 = 2', true],
  ['number / zero = 1', undefined],
  ["text + 'c' = 'bc'", undefined],
  ['0x10 = 16', true],
  ['IS_DEFINED(missing)', false],
  ['is_defined(object.in)', true],
  ['object.[[in]].a = 1', true],
  ["list[1] = 'a'", true],
  ["list[3].deep = 'x'", true],
  ['list.length = 4', undefined],
  ['text.length = 1', undefined],
  ['object.constructor != undefined', false],
  ["array_contains(list, 'a')", true],
  ['ARRAY_CONTAINS(list, null)', true],
  ['ARRAY_CONTAINS(list, 2)', false],
  ['ARRAY_CONTAINS(text, 2)', undefined],
  ['ARRAY_CONTAINS([1, 2], number)', false],
  ["STARTSWITH(text, '')", true],
  ['STARTSWITH(text, number)', undefined],
  ["ENDSWITH(lastActivityTime, 'Z')", true],
  ["CONTAINS(lastActivityTime, '-27T')", true],
  ["UPPER(text) = 'B' AND LOWER('B') = text", true],
  ['IS_BOOL(yes) AND IS_NUMBER(zero) AND IS_STRING(text) AND IS_NULL(nothing) AND IS_ARRAY(list) AND IS_OBJECT(object)', true],
  ['IS_PRIMITIVE(nothing) AND NOT IS_PRIMITIVE(list) AND NOT IS_PRIMITIVE(missing)', true],
  ["lastActivityTime > '2021-01-01T00:00:00Z'", true],
  // By code points: the clef comes after every character of the first plane.
  ["clef > '\\uffee'", true],
];

describe('evaluating expressions', () => {
  for (const [condition, value] of rows) {
    test(`${condition} is ${value}`, () => {
      const { where } = parseQueryCondition(condition);
      assert.ok(where);
      assert.deepEqual(evaluate(where, { value: (path) => walk(document, path) }), value);
    });
  }
});
