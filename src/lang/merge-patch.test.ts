import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { diffAsPatch, mergePatch } from './merge-patch.ts';

const object = (text: string): JsonObject => JSON.parse(text);

describe('merge patch', () => {
  /** The object-valued rows of RFC 7396, appendix A. */
  const rows: [target: string, patch: string, result: string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"a":{"b":1}}', '{}', '{"a":{"b":1}}'],
  ];
  for (const [target, patch, result] of rows) {
    test(`${patch} on ${target} gives ${result}`, () => {
      assert.deepEqual(mergePatch(object(target), object(patch)), object(result));
    });
  }

  test('neither argument is changed', () => {
    const target = object('{"a":{"b":1}}');
    const patch = object('{"a":{"b":2,"c":{"d":null}}}');
    mergePatch(target, patch);
    assert.deepEqual(target, object('{"a":{"b":1}}'));
    assert.deepEqual(patch, object('{"a":{"b":2,"c":{"d":null}}}'));
  });

  test('a key named __proto__ stays data and touches no prototype', () => {
    const merged = mergePatch(object('{"a":1}'), object('{"__proto__":{"polluted":true}}'));
    assert.equal(JSON.stringify(merged), '{"a":1,"__proto__":{"polluted":true}}');
    assert.equal(Object.getPrototypeOf(merged), Object.prototype);
    assert.equal((merged as Record<string, unknown>).polluted, undefined);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });

  test('a key that only the prototype has is not merged into', () => {
    assert.equal(JSON.stringify(mergePatch({}, object('{"toString":{"a":1}}'))), '{"toString":{"a":1}}');
  });
});

describe('the patch between two documents', () => {
  const rows: [from: string, to: string, patch: string][] = [
    ['{"a":1}', '{"a":1}', '{}'],
    ['{"a":1,"b":2}', '{"b":3}', '{"a":null,"b":3}'],
    ['{"a":{"x":1,"y":2}}', '{"a":{"y":2}}', '{"a":{"x":null}}'],
    ['{"a":{"x":1}}', '{"a":[1]}', '{"a":[1]}'],
    ['{"a":[1]}', '{"a":{"x":1}}', '{"a":{"x":1}}'],
  ];
  for (const [from, to, patch] of rows) {
    test(`${from} to ${to} is ${patch}, and merging it gives the second`, () => {
      assert.deepEqual(diffAsPatch(object(from), object(to)), object(patch));
      assert.deepEqual(mergePatch(object(from), object(patch)), object(to));
    });
  }
});
