import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OptionSpec } from './command.ts';
import { CommandFailure } from './failure.ts';
import { type ArgumentRules, parseArguments } from './parse-arguments.ts';

const options: OptionSpec[] = [
  { name: 'file', short: 'f', value: 'FILE', summary: '' },
  { name: 'image', short: 'i', value: 'ID', isRepeatable: true, summary: '' },
  { name: 'count', short: 'n', value: 'N', summary: '' },
  { name: 'yes', short: 'y', summary: '' },
  { name: 'quiet', short: 'q', summary: '' },
];
const rules: ArgumentRules = { options, positionals: [{ name: 'NAME', isRequired: false, summary: '' }], ignoresCase: false };

const parse = (...words: string[]) => parseArguments(words, rules);
const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof CommandFailure && error.exit === 'usage' && pattern.test(error.message);

describe('arguments', () => {
  test('every way of giving a value means the same', () => {
    for (const words of [['--file', 'a.cer'], ['--file=a.cer'], ['-f', 'a.cer'], ['-fa.cer'], ['-f=a.cer'], ['-yfa.cer']]) {
      assert.equal(parse(...words).options.text('file'), 'a.cer', words.join(' '));
    }
  });

  test('flags can be bundled and repeated', () => {
    const { options } = parse('-yq', '--yes');
    assert.ok(options.isSet('yes') && options.isSet('quiet'));
  });

  test('a repeatable option keeps its values in order; another one given twice is refused', () => {
    assert.deepEqual(parse('-i', 'a', '--image=b').options.list('image'), ['a', 'b']);
    assert.throws(() => parse('-f', 'a', '-f', 'b'), usage(/given twice/));
  });

  test('what looks like an option is no value, but a negative number is', () => {
    assert.throws(() => parse('--file', '--yes'), usage(/needs a value/));
    assert.throws(() => parse('--file'), usage(/needs a value/));
    assert.equal(parse('--count', '-3').options.number('count', { min: -5, max: 5 }), -3);
    assert.equal(parse('--file', '-').options.text('file'), '-');
  });

  test('an empty value after = is kept as empty', () => {
    assert.equal(parse('--file=').options.text('file'), '');
  });

  test('everything after -- is a positional', () => {
    assert.deepEqual(parse('--', '--yes').positionals, ['--yes']);
  });

  test('unknown options are refused with the nearest known one', () => {
    assert.throws(
      () => parse('--fiel', 'x'),
      (error: unknown) => usage(/--fiel/)(error) && error instanceof CommandFailure && error.fix === 'Did you mean --file?',
    );
    assert.throws(() => parse('-x'), usage(/-x/));
    assert.throws(() => parse('--yes=1'), usage(/takes no value/));
  });

  test('an argument too many is refused by name', () => {
    assert.throws(() => parse('a', 'b'), usage(/'b' is one argument too many/));
  });

  test('a number outside its range, or none at all, is refused', () => {
    for (const text of ['0', '11', '1.5', 'x', '', '1e3', '0x1', 'NaN']) {
      const parsed = parse(`--count=${text}`);
      assert.throws(() => parsed.options.number('count', { min: 1, max: 10, isInteger: true }), usage(/--count/), text);
    }
  });

  test('case matters unless the program says otherwise, and never in values or short options', () => {
    assert.throws(() => parse('--FILE', 'x'), usage(/--FILE/));
    const parsed = parseArguments(['--FiLe', 'Mixed.CER'], { ...rules, ignoresCase: true });
    assert.equal(parsed.options.text('file'), 'Mixed.CER');
    assert.throws(() => parseArguments(['-Y'], { ...rules, ignoresCase: true }), usage(/-Y/));
  });

  test('required things that are absent are listed, not thrown, so that --help needs none', () => {
    const strict: ArgumentRules = {
      options: [{ name: 'code', value: 'CODE', isRequired: true, summary: '' }],
      positionals: [{ name: 'NAME', isRequired: true, summary: '' }],
      ignoresCase: false,
    };
    assert.deepEqual(parseArguments([], strict).missing, ['--code', 'NAME']);
    assert.deepEqual(parseArguments(['n', '--code', 'c'], strict).missing, []);
  });

  test('asking for an option that was not declared is a bug', () => {
    assert.throws(() => parse().options.text('other'), /not declared/);
  });
});
