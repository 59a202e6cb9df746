import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { evaluateCondition, type RoutedMessage } from './evaluate.ts';
import { parseCondition } from './parse.ts';

const json = { 'content-type': 'application/json', 'content-encoding': 'utf-8' };
const message = (body: unknown, more: Partial<RoutedMessage> = {}): RoutedMessage => ({
  system: {
    ...json,
    'message-id': 'm-1',
    'iothub-connection-device-id': 'dev1',
    'dt-subject': 'part',
    'iothub-enqueuedtime': '2026-01-01T00:00:00.0000000Z',
  },
  application: { level: 'storage', Count: '12', 'my-prop': 'x', $name: 'odd', $body: 'mine', empty: null, ['__proto__']: 'p' },
  body: Buffer.from(JSON.stringify(body)),
  ...more,
});

const twin = { tags: { site: 'north' }, properties: { desired: { mode: 3 }, reported: { ok: true } } };

function matches(
  text: string,
  sent: RoutedMessage = message({ temperature: 31, w: { a: [{ c: 7 }] }, on: true, no: null }),
): boolean {
  const parsed = parseCondition(text);
  assert.deepEqual(parsed.compilationErrors, [], text);
  assert.ok(parsed.condition);
  return evaluateCondition(parsed.condition, sent, twin);
}

const taken = [
  '',
  'true',
  ' NOT false ',
  'level="storage"',
  "LEVEL = 'storage'",
  "count = '12'",
  'AS_NUMBER(count) > 11.5',
  "{my-prop} = 'x' AND [[my-prop]] = 'x' AND {$name} = 'odd' AND {$body} = 'mine' AND __proto__ = 'p'",
  "empty = '' AND IS_DEFINED(empty)",
  "$messageId = 'm-1' AND $MESSAGEID = 'm-1' AND $connectionDeviceId = 'dev1'",
  "$dt-subject = 'part' AND NOT IS_DEFINED($iothub-ack)",
  "$contentType = 'application/json'",
  "$enqueuedTime > '2025-12-31'",
  '$body.temperature > 30',
  '$body.w.a[0].c = 7',
  '$body.on',
  'IS_NULL($body.no) AND IS_OBJECT($body) AND IS_ARRAY($body.w.a)',
  "$twin.tags.site = 'north' AND $twin.properties.desired.mode = 3 AND $twin.properties.reported.ok",
  'ABS(-2) = 2 AND CEILING(1.2) = 2 AND FLOOR(-1.2) = -2 AND POWER(2, 10) = 1024 AND SIGN(-3) = -1 AND SQUARE(3) = 9 AND SQRT(9) = 3 AND EXP(0) = 1',
  "CONCAT('a', level, 'b') = 'astorageb' AND LENGTH(level) = 7 AND SUBSTRING(level, 3) = 'rage' AND SUBSTRING(level, 0, 4) = 'stor'",
  "INDEX_OF(level, 'rage') = 3 AND INDEX_OF(level, 'x') = -1 AND STARTS_WITH(level, 'st') AND ENDS_WITH(level, 'ge') AND CONTAINS(level, 'ora')",
  "UPPER(level) = 'STORAGE' AND level IN ['storage', 'x'] AND $body.temperature % 2 = 1",
];

const passed = [
  'false',
  'level > 5',
  'count = 12',
  'AS_NUMBER(level) = 1',
  'nowhere = undefined AND false',
  '$body.missing > 1',
  '$body.no',
  '$body.temperature',
  "$twin.tags.none = 'x'",
  'SQRT(-1) > 0',
  "CONCAT('a', 5) = 'a5'",
  'STARTS_WITH(level, nothing)',
];

const errors: readonly (readonly [text: string, line: number, column: number, message: RegExp])[] = [
  ['bad(', 1, 1, /no function bad/],
  ['level =', 1, 8, /found the end/],
  ['level = 1 extra', 1, 11, /Expected the end/],
  ['a\n= $nowhere', 2, 3, /no system property \$nowhere/],
  ['a.b = 1', 1, 1, /no members/],
  ["STARTSWITH(a, 'b')", 1, 1, /no function STARTSWITH/],
  ["{a = 'x'", 1, 1, /There is no \}/],
  ['SQRT(1, 2) = 1', 1, 1, /one argument, not 2/],
  ['CONCAT(a) = 1', 1, 1, /at least 2 arguments/],
  ['SUBSTRING(a) = 1', 1, 1, /2 to 3 arguments/],
  [`${'('.repeat(500)}a`, 1, 66, /nests deeper/],
];

describe('routing conditions', () => {
  for (const text of taken) test(`${JSON.stringify(text)} takes the message`, () => assert.equal(matches(text), true));
  for (const text of passed) test(`${JSON.stringify(text)} passes it over`, () => assert.equal(matches(text), false));

  for (const [text, line, column, pattern] of errors) {
    test(`${JSON.stringify(text.slice(0, 30))} does not compile: ${line}:${column}`, () => {
      const { condition, compilationErrors } = parseCondition(text);
      assert.equal(condition, undefined);
      const [error] = compilationErrors;
      assert.match(error?.message ?? '', pattern);
      assert.equal(error?.severity, 'error');
      assert.deepEqual(error?.location.start, { line, column });
      assert.ok(error.location.end.column >= column || error.location.end.line > line);
    });
  }

  test('it says whether it needs the body or the twin', () => {
    const needs = (text: string) => {
      const { condition } = parseCondition(text);
      return [condition?.needsBody, condition?.needsTwin];
    };
    assert.deepEqual(needs("level = '$body'"), [false, false]);
    assert.deepEqual(needs('NOT ($body.a IN [1])'), [true, false]);
    assert.deepEqual(needs("CONCAT('a', $twin.tags.a) = 'ab'"), [false, true]);
  });

  test('a condition on the body matches only JSON that says which encoding of Unicode it is in', () => {
    const condition = '$body.temperature > 30';
    const hot = { temperature: 31 };
    const as = (system: Record<string, string>, body: Buffer) => matches(condition, message(hot, { system, body }));
    const text = JSON.stringify(hot);
    assert.equal(as(json, Buffer.from(text)), true);
    assert.equal(as({ 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'UTF-8' }, Buffer.from(text)), true);
    assert.equal(as({ 'content-type': 'application/json', 'content-encoding': 'utf-16' }, Buffer.from(text, 'utf16le')), true);
    const wide = Buffer.alloc(4 * text.length);
    for (const [at, character] of [...text].entries()) wide.writeUInt32LE(character.charCodeAt(0), 4 * at);
    assert.equal(as({ 'content-type': 'application/json', 'content-encoding': 'utf-32' }, wide), true);
    assert.equal(as({ 'content-type': 'application/json' }, Buffer.from(text)), false);
    assert.equal(as({ 'content-type': 'text/plain', 'content-encoding': 'utf-8' }, Buffer.from(text)), false);
    assert.equal(as({ 'content-type': 'application/json', 'content-encoding': 'gzip' }, Buffer.from(text)), false);
    assert.equal(as(json, Buffer.from([0xff, 0xfe])), false);
    assert.equal(as(json, Buffer.from('{"temperature":31')), false);
    assert.equal(as({ 'content-type': 'application/json', 'content-encoding': 'utf-32' }, Buffer.alloc(6)), false);
    assert.equal(as({ 'content-type': 'application/json', 'content-encoding': 'utf-32be' }, Buffer.alloc(4, 0xff)), false);
  });

  test('a list at the top of the body has no members, and a deep one is not looked into', () => {
    assert.equal(matches('$body[0] = 1', message([1])), false);
    const deep = Buffer.from(`{"a":1,"b":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    assert.equal(matches('$body.a = 1', message({}, { body: deep })), false);
  });

  test('a text that is doubled again and again comes to nothing', () => {
    const doubled = (depth: number): string => (depth === 0 ? '$body.a' : `CONCAT(${doubled(depth - 1)}, ${doubled(depth - 1)})`);
    assert.equal(matches(`LENGTH(${doubled(6)}) > 0`, message({ a: 'x'.repeat(100_000) })), false);
  });
});
