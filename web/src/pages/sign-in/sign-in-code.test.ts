import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSignInCode } from './sign-in-code.ts';

test('the code is read from a whole link, from a fragment and from itself', () => {
  assert.equal(readSignInCode('https://localhost:8443/sign-in#code=Abc-123_x'), 'Abc-123_x');
  assert.equal(readSignInCode('https://localhost:8443/sign-in#Abc-123_x'), 'Abc-123_x');
  assert.equal(readSignInCode('#code=Abc-123_x'), 'Abc-123_x');
  assert.equal(readSignInCode('#Abc-123_x'), 'Abc-123_x');
  assert.equal(readSignInCode('  Abc-123_x\n'), 'Abc-123_x');
});

test('what holds no code is no code', () => {
  for (const text of ['', '#', '#token=abc', 'https://localhost/sign-in', 'two words', `#code=${'a'.repeat(129)}`])
    assert.equal(readSignInCode(text), undefined);
});
