import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory, testTerminal } from '#test/support/test-terminal.ts';
import { CommandFailure } from './failure.ts';
import { confirmOutputFile, writeOutputFile } from './write-output-file.ts';

const failed = (pattern: RegExp) => (error: unknown) => error instanceof CommandFailure && pattern.test(error.message);

describe('output files', () => {
  test('a file is written whole, with nothing left beside it', (t) => {
    const directory = temporaryDirectory(t);
    writeOutputFile(join(directory, 'a.cer'), Buffer.from('abc'), { random: seededRandom(), isReplacing: false });
    assert.deepEqual(readdirSync(directory), ['a.cer']);
    assert.equal(readFileSync(join(directory, 'a.cer'), 'utf8'), 'abc');
  });

  test('a secret is readable by its owner alone, from its first moment', (t) => {
    const path = join(temporaryDirectory(t), 'secret');
    writeOutputFile(path, Buffer.from('x'), { random: seededRandom(), isReplacing: true, mode: 0o600 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test('a file that appeared since the question was asked is not replaced', (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'a.cer');
    writeFileSync(path, 'theirs');
    assert.throws(
      () => writeOutputFile(path, Buffer.from('ours'), { random: seededRandom(), isReplacing: false }),
      failed(/could not be written/),
    );
    assert.equal(readFileSync(path, 'utf8'), 'theirs');
    assert.deepEqual(readdirSync(directory), ['a.cer']);
  });

  test('a directory that is not there fails and makes nothing', (t) => {
    const directory = temporaryDirectory(t);
    const write = () =>
      writeOutputFile(join(directory, 'no', 'a.cer'), Buffer.from('x'), { random: seededRandom(), isReplacing: false });
    assert.throws(write, failed(/There is no directory /));
    assert.deepEqual(readdirSync(directory), []);
  });

  test('an existing file is a question at a terminal', async (t) => {
    const path = join(temporaryDirectory(t), 'a.cer');
    writeFileSync(path, 'old');
    assert.equal(await confirmOutputFile(path, testTerminal({ answers: ['y'] }), { isForced: false }), true);
    for (const answer of ['', 'n', 'no', 'yep']) {
      const terminal = testTerminal({ answers: [answer] });
      await assert.rejects(confirmOutputFile(path, terminal, { isForced: false }), failed(/was kept/), answer);
      assert.match(terminal.questions[0] ?? '', /Replace it\? \(y\/N\)/);
    }
  });

  test('an existing file is refused where nobody can be asked, unless forced', async (t) => {
    const path = join(temporaryDirectory(t), 'a.cer');
    writeFileSync(path, 'old');
    await assert.rejects(confirmOutputFile(path, testTerminal(), { isForced: false }), failed(/exists/));
    assert.equal(await confirmOutputFile(path, testTerminal(), { isForced: true }), true);
  });

  test('a directory is never replaced', async (t) => {
    const path = join(temporaryDirectory(t), 'a.cer');
    mkdirSync(path);
    await assert.rejects(confirmOutputFile(path, testTerminal(), { isForced: true }), failed(/is a directory/));
  });
});
