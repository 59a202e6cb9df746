import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { float32Text } from './float32-text.ts';
import { seededValues } from './seeded-values.ts';

describe('the sample’s number text', () => {
  test('the values that were read off the original', () => {
    assert.equal(float32Text(50), '50');
    assert.equal(float32Text(49.7), '49.700000762939453');
    assert.equal(float32Text(0.1), '0.10000000149011612');
  });

  test('zeros, signs, and exponents in C’s form', () => {
    assert.equal(float32Text(0), '0');
    assert.equal(float32Text(-0), '-0');
    assert.equal(float32Text(-1.5), '-1.5');
    assert.equal(float32Text(2 ** -27), '7.4505805969238281e-09');
    assert.equal(float32Text(2 ** 60), '1.152921504606847e+18');
    assert.equal(float32Text(100), '100');
  });

  test('sphere 95: 1,000 seeded values have the text of %1.17g of their float32', () => {
    const next = seededValues('sphere 95');
    let temperature = Math.fround(50);
    const values = Array.from({ length: 1000 }, () => {
      temperature = Math.fround(temperature + Math.fround(Math.fround(Math.floor(next() * 41) / 20) - 1));
      return temperature;
    });
    // A float32 widened to double is exact, so printf sees the very number when it is given all its digits.
    const exact = values.map((value) => value.toPrecision(40));
    const printed = execFileSync('printf', ['%1.17g\n', ...exact], { encoding: 'utf8', env: { LC_ALL: 'C' } })
      .trimEnd()
      .split('\n');
    assert.equal(printed.length, 1000);
    assert.deepEqual(values.map(float32Text), printed);
    for (const text of printed) assert.equal(Math.fround(Number(text)), Number(text), 'a float32, nothing finer');
  });
});
