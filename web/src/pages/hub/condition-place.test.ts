import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionProblem, offsetOf } from './condition-place.ts';

test('a place in a condition of several lines is the number of characters before it', () => {
  assert.equal(offsetOf('a = 1\nAND b', { line: 1, column: 1 }), 0);
  assert.equal(offsetOf('a = 1\nAND b', { line: 2, column: 5 }), 10);
  assert.equal(offsetOf('a', { line: 9, column: 9 }), 1, 'no place is behind the end');
});

test('what is wrong is said with its place, and nothing of a condition that can be read', () => {
  const location = { start: { line: 1, column: 8 }, end: { line: 1, column: 9 } };
  const wrong = { result: 'undefined', details: { compilationErrors: [{ message: 'A value is missing.', location }] } } as const;
  assert.equal(
    conditionProblem({ ...wrong, details: { compilationErrors: [...wrong.details.compilationErrors] } })?.words,
    'Line 1, column 8: A value is missing.',
  );
  assert.equal(conditionProblem({ result: 'true', details: { compilationErrors: [] } }), undefined);
});
