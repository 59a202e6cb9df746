import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { testTerminal } from '#test/support/test-terminal.ts';
import type { Command, Program } from './command.ts';
import { asCommandFailure, CommandFailure, exitCodeOf, formatFailure } from './failure.ts';
import { runProgram } from './run-program.ts';

const greet: Command = {
  options: [{ name: 'loud', summary: 'Shout' }],
  positionals: [{ name: 'NAME', isRequired: true, summary: 'Whom' }],
  examples: ['demo say hello Ada'],
  notes: ['Nothing else.'],
  async run({ options, positionals, terminal }) {
    terminal.print(`hello ${positionals[0]}${options.isSet('loud') ? '!' : ''}`);
  },
};
const program: Program = {
  name: 'demo',
  summary: 'Greets.',
  version: '1.2.3',
  ignoresCase: false,
  commonOptions: [{ name: 'data', value: 'DIRECTORY', summary: 'Where' }],
  commands: [
    { path: 'say hello', summary: 'Say hello', load: async () => greet },
    {
      path: 'say',
      summary: 'Say nothing',
      load: async () => ({ ...greet, positionals: [], run: async ({ terminal }) => terminal.print('') }),
    },
  ],
};

async function run(words: string[], ignoresCase = false) {
  const terminal = testTerminal();
  await runProgram({ ...program, ignoresCase }, words, { terminal, platform: testPlatform() });
  return terminal.output.join('\n');
}

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof CommandFailure && error.exit === 'usage' && pattern.test(error.message);

describe('a program', () => {
  test('the longest name wins, and what follows belongs to the command', async () => {
    assert.equal(await run(['say', 'hello', 'Ada', '--loud', '--data', '/d']), 'hello Ada!');
    assert.equal(await run(['say']), '');
  });

  test('help shows usage, examples, options and notes, and needs nothing else', async () => {
    const help = await run(['say', 'hello', '--help']);
    for (const part of ['Usage: demo say hello NAME', 'demo say hello Ada', '--loud', '--data DIRECTORY', 'Nothing else.']) {
      assert.ok(help.includes(part), part);
    }
    assert.match(await run([]), /Usage: demo COMMAND/);
    assert.match(await run(['--help']), /say hello/);
    assert.equal(await run(['--version']), '1.2.3');
  });

  test('what is missing is named with an example', async () => {
    await assert.rejects(
      run(['say', 'hello']),
      (error: unknown) => usage(/needs NAME/)(error) && error instanceof CommandFailure && error.fix === 'demo say hello Ada',
    );
  });

  test('a command that does not exist is refused with the nearest one', async () => {
    await assert.rejects(run(['say', 'helo', 'x']), usage(/argument too many/));
    await assert.rejects(
      run(['sya']),
      (error: unknown) => usage(/no command 'sya'/)(error) && /demo say/.test(String((error as CommandFailure).fix)),
    );
    await assert.rejects(run(['--nothing']), usage(/needs a command/));
  });

  test('case is ignored only where the program says so', async () => {
    assert.equal(await run(['SAY', 'Hello', 'Ada', '--LOUD'], true), 'hello Ada!');
    await assert.rejects(run(['SAY', 'Hello', 'Ada']), usage(/no command/));
  });
});

describe('failures', () => {
  test('three lines: what, why, what to do', () => {
    const failure = new CommandFailure('network', 'No answer.', { why: 'It is off.', fix: 'homeport start' });
    assert.deepEqual(formatFailure(failure, { isDebug: false }), ['error: No answer.', '  It is off.', '  homeport start']);
    assert.equal(exitCodeOf(failure), 7);
    assert.equal(exitCodeOf(new CommandFailure(22, 'x')), 22);
  });

  test('a stack is shown when asked for, and only then', () => {
    const failure = asCommandFailure(new TypeError('x is not a function'));
    assert.deepEqual(formatFailure(failure, { isDebug: false }), ['error: x is not a function']);
    assert.match(formatFailure(failure, { isDebug: true }).join('\n'), /TypeError: x is not a function\n\s+at /);
  });

  test('a problem is a failure with its own words', () => {
    const failure = asCommandFailure(new Problem('certificate-invalid', 'The file holds two certificates.'));
    assert.equal(failure.message, 'The file holds two certificates.');
    assert.equal(exitCodeOf(failure), 1);
  });
});
