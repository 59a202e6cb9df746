import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubNameProblem } from './hub-name.ts';

test('a name of the cloud’s rule has no problem', () => {
  for (const name of ['abc', 'Plant-2', '007', 'a--b', 'x'.repeat(50)]) assert.equal(hubNameProblem(name, ['main']), undefined);
});

for (const [name, words] of [
  ['', /Enter a name/],
  ['ab', /at least 3/],
  ['x'.repeat(51), /at most 50/],
  ['plant 2', /only letters, digits and hyphens/],
  ['plant_2', /only letters/],
  ['plänt', /only letters/],
  ['-plant', /Begin and end/],
  ['plant-', /Begin and end/],
  ['Main', /There is a hub main already/],
] as const) {
  test(`what is wrong with "${name}" is said before it is sent`, () => {
    assert.match(hubNameProblem(name, ['main']) ?? '', words);
  });
}
