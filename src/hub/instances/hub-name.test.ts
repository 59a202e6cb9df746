import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHubName } from './hub-name.ts';

test('a hub’s name has 3 to 50 letters, digits and hyphens, and letter case is nothing to it', () => {
  for (const name of ['abc', 'a-1', '007', 'plant-2', 'a--b', 'x'.repeat(50)]) assert.equal(parseHubName(name), name);
  assert.equal(parseHubName('Plant-2'), 'plant-2');
});

test('every other name is refused', () => {
  const bad = [
    '',
    'ab',
    'x'.repeat(51),
    '-abc',
    'abc-',
    'a.b',
    'a_b',
    'a b',
    ' abc',
    'abc\n',
    '../x',
    'ä-hub',
    'a/b',
    'a%b',
    'a$b',
  ];
  for (const name of bad) assert.throws(() => parseHubName(name), { code: 'argument-invalid' }, JSON.stringify(name));
});
