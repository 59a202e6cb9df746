import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkIfMatch, quoteEtag } from './etag.ts';

test('a change is allowed without a condition, for any state, and for the state that was read', () => {
  for (const ifMatch of [undefined, '*', '"*"', 'AAA=', '"AAA="', ' "AAA=" ', 'W/"AAA="']) checkIfMatch(ifMatch, 'AAA=');
  checkIfMatch('"AAA="', quoteEtag('AAA='));
});

test('for another state it is refused, so that the caller reads again', () => {
  for (const ifMatch of ['', '""', 'AAB=', '"AAB="', 'AAA', '"AAA=", "AAB="', 'W/'])
    assert.throws(() => checkIfMatch(ifMatch, 'AAA='), { code: 'precondition-failed' }, ifMatch);
});
