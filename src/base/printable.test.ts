import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('control, format and bidirectional characters become escapes', () => {
  const cases: [string, string][] = [
    ['plain text, ä 日本 🙂', 'plain text, ä 日本 🙂'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['a\nb\r\tc\u0000', 'a\\u{a}b\\u{d}\\u{9}c\\u{0}'],
    ['\u009b1A', '\\u{9b}1A'],
    ['\u202egnp.exe', '\\u{202e}gnp.exe'],
    ['\u2066x\u2069', '\\u{2066}x\\u{2069}'],
    ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\ud800', '\\u{d800}'],
    ['\u{e0001}', '\\u{e0001}'],
  ];
  for (const [text, expected] of cases) assert.equal(printable(text), expected);
});

test('a long name is cut with an ellipsis, also when escaping made it long', () => {
  assert.equal(printable('x'.repeat(200)).length, 200);
  assert.equal(printable('x'.repeat(201)), `${'x'.repeat(199)}…`);
  assert.equal(printable('\u0007'.repeat(1_000)).length, 200);
  assert.equal(printable('abcdef', 4), 'abc…');
});
