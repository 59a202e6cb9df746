import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonNameOf, proofFix } from './certificate-words.ts';

test('the common name is found wherever it stands in the subject', () => {
  assert.equal(commonNameOf('CN=Microsoft Azure Sphere 1a2b, O=Example'), 'Microsoft Azure Sphere 1a2b');
  assert.equal(commonNameOf('O=Example, CN=Last'), 'Last');
  assert.equal(commonNameOf('CN=With\\, comma, O=x'), 'With, comma');
});

test('a subject without a common name is shown whole', () => {
  assert.equal(commonNameOf('O=Example'), 'O=Example');
  assert.equal(commonNameOf(undefined), undefined);
});

test('every way a proof can fail has advice of its own', () => {
  const names = ['Malformed', 'IsCa', 'CodeMismatch', 'IssuerMismatch', 'SignatureInvalid', 'Expired', 'CodeStale'];
  assert.equal(new Set(names.map((name) => proofFix(`Proof${name}`))).size, names.length);
  assert.equal(proofFix('InvalidBody'), undefined);
});
