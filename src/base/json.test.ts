import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isJsonObject, type Json, parseJson, requireObject } from './json.ts';

describe('JSON from outside', () => {
  test('is read as text and as bytes', () => {
    const document = '{"a":[1,-2.5e3,"\\u00e9\\"{[",null,true]}';
    const expected = { a: [1, -2500, 'é"{[', null, true] };
    assert.deepEqual(parseJson(document), expected);
    assert.deepEqual(parseJson(Buffer.from(document)), expected);
  });

  test('that is none is malformed', () => {
    for (const text of ['', ' ', '{', '{"a":}', "{'a':1}", '[1,]', 'NaN', 'undefined', '{"a":1}x', '\u0000', '"\u0001"'])
      assert.throws(() => parseJson(text), { code: 'malformed' }, JSON.stringify(text));
  });

  test('that is no UTF-8 is malformed and never mended', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc3, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ])
      assert.throws(() => parseJson(Buffer.from(bytes)), { code: 'malformed' });
  });

  test('is measured in bytes before it is read', () => {
    assert.deepEqual(parseJson('"é"', { bytesMax: 4 }), 'é');
    assert.throws(() => parseJson('"é"', { bytesMax: 3 }), { code: 'payload-too-large' });
    assert.throws(() => parseJson(Buffer.alloc(300 * 1024)), { code: 'payload-too-large' });
  });

  test('millions of empty objects are not taken in, however many bytes are', () => {
    const text = `[${'{},'.repeat(2_000_000)}{}]`;
    assert.throws(() => parseJson(text, { bytesMax: 8 * 1024 * 1024 }), { code: 'malformed' });
    assert.equal((parseJson(`[${'{},'.repeat(100_000)}{}]`, { bytesMax: 1024 * 1024 }) as Json[]).length, 100_001);
  });

  test('nests as deep as allowed; braces in texts do not count; a million levels do not exhaust the stack', () => {
    assert.deepEqual(parseJson('[[1]]', { depthMax: 2 }), [[1]]);
    assert.throws(() => parseJson('[[[1]]]', { depthMax: 2 }), { code: 'malformed' });
    assert.deepEqual(parseJson('["[[[{{{","\\"[[["]', { depthMax: 1 }), ['[[[{{{', '"[[[']);
    assert.throws(() => parseJson('['.repeat(1_000_000), { bytesMax: 2_000_000 }), { code: 'malformed' });
  });

  test('cannot reach a prototype', () => {
    const value = parseJson('{"__proto__":{"isAdmin":true},"constructor":1}');
    assert.ok(isJsonObject(value));
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
    assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  test('an object is required by name', () => {
    assert.deepEqual(requireObject({ a: 1 }, 'The body'), { a: 1 });
    for (const value of [null, [], 'x', 1, false])
      assert.throws(() => requireObject(value, 'The body'), /^Problem: The body must be/);
    assert.ok(!isJsonObject(undefined));
  });
});
