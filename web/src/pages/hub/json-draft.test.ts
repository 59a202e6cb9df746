import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson, readObject, sectionText } from './json-draft.ts';

test('a section is edited without what the service adds to it', () => {
  assert.equal(sectionText({ $metadata: {}, $version: 4, speed: 3 }), '{\n  "speed": 3\n}');
  assert.equal(sectionText(undefined), '{}');
});

test('an object is read, and of anything else it is said what is wanted', () => {
  assert.deepEqual(readObject('{"a":{"b":[1]}}'), { value: { a: { b: [1] } } });
  for (const text of ['[1]', '7', 'null', '']) assert.match(readObject(text).problem ?? '', /^Write an object/);
  assert.match(readObject('{"a":').problem ?? '', /^This is not JSON: /);
});

test('a payload may be anything, and nothing is null', () => {
  assert.deepEqual(readJson(''), { value: null });
  assert.deepEqual(readJson('"x"'), { value: 'x' });
  assert.match(readJson('x').problem ?? '', /not JSON/);
});
