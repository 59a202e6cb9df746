import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadLetterWords, replayWords } from './dead-letter-words.ts';

test('only destinations that would not take something are named, in the number it has', () => {
  const destinations = [
    { name: 'archive', deadLetters: 0 },
    { name: 'alarms', deadLetters: 1 },
    { name: 'lake', deadLetters: 12 },
  ];
  assert.deepEqual(
    deadLetterWords(destinations).map(({ says }) => says),
    ['One event was not taken by the destination alarms.', '12 events were not taken by the destination lake.'],
  );
});

test('what became of dead letters is said with why the rest stayed', () => {
  assert.equal(replayWords({ replayed: 3, remaining: 0 }), '3 were taken, none is left.');
  assert.equal(replayWords({ replayed: 1, remaining: 1, reason: 'HTTP 400' }), 'One was taken, one is left: HTTP 400');
  assert.equal(replayWords({ replayed: 0, remaining: 2, reason: 'HTTP 503' }), 'None was taken, 2 are left: HTTP 503');
});
