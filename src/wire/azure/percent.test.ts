import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { decodePercent } from './percent.ts';

test('what is sound is decoded, and what is not stays as it is, right beside it', () => {
  for (const [text, decoded] of [
    ['a+b%20c', 'a+b c'],
    ['%e2%82%ac%FF%F0%9F%98%80', '€%FF😀'],
    ['%C3', '%C3'],
    ['%C3%A4%C3', 'ä%C3'],
    ['%E2%82', '%E2%82'],
    ['%E2%82%41', '%E2%82A'],
    ['100%', '100%'],
    ['%4%41', '%4A'],
    // Longer than need be, half of a surrogate pair, beyond the last character.
    ['%C0%80%ED%A0%80%F4%90%80%80', '%C0%80%ED%A0%80%F4%90%80%80'],
    ['%EF%BB%BF%FE', '\uFEFF%FE'],
  ] as const) {
    assert.equal(decodePercent(text), decoded, text);
  }
});

test('it takes for a character exactly what the language does', () => {
  const random = seededRandom('percent');
  const leads = [0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x9f, 0xa0, 0x8f, 0x90];
  for (let i = 0; i < 20_000; i++) {
    const bytes = [...random.bytes(4)].map((byte) => (byte & 1 ? (leads[byte >> 4] ?? 0) : byte));
    const text = bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    let expected: string | undefined;
    try {
      expected = decodeURIComponent(text);
    } catch {
      // Not sound as a whole: then so much is left as was not decoded.
    }
    // What does not decode by itself makes the whole take the slow way.
    const [decoded, last] = [decodePercent(`${text}%FF`).slice(0, -3), decodePercent(`${text}%FF`).slice(-3)];
    assert.equal(last, '%FF');
    if (expected !== undefined) assert.equal(decoded, expected, text);
    else assert.match(decoded, /%/, text);
  }
});

test('a third of a million broken sequences cost no more than their length explains', () => {
  /** The least of three: whatever else the machine does adds to it. */
  const cost = (text: string, times: number) =>
    Math.min(
      ...[1, 2, 3].map(() => {
        const before = process.cpuUsage();
        for (let i = 0; i < times; i++) assert.equal(decodePercent(text), text);
        return process.cpuUsage(before).user;
      }),
    );
  for (const sequence of ['%F0', '%FF', '%E2%82']) {
    const [parts, whole] = [cost(sequence.repeat(333_333 / 40), 40), cost(sequence.repeat(333_333), 1)];
    // As long in one piece as in forty: as much, or forty times as much where each were looked for from the start.
    assert.ok(whole < 12 * Math.max(parts, 10_000), `${sequence}: ${parts} and ${whole} microseconds`);
  }
});
