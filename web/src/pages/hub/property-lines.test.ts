import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPropertyLines } from './property-lines.ts';

for (const [typed, properties] of [
  ['', []],
  ['\n  \n', []],
  ['a=1', [['a', '1']]],
  [
    'a=1\r\n b = x=y \n',
    [
      ['a', '1'],
      ['b', 'x=y'],
    ],
  ],
  ['empty=', [['empty', '']]],
] as const) {
  test(`${JSON.stringify(typed)} is ${properties.length} properties`, () => {
    assert.deepEqual(readPropertyLines(typed), { properties });
  });
}

for (const typed of ['a', '=1', 'a=1\nb']) {
  test(`${JSON.stringify(typed)} is told what is missing`, () => {
    assert.match(readPropertyLines(typed).problem ?? '', /equals sign/);
  });
}
