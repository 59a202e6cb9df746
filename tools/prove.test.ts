import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { describeProofs, proofs } from './prove.ts';
import { repository } from './run.ts';

const prove = (...words: string[]) =>
  spawnSync(process.execPath, ['tools/prove.ts', ...words], { cwd: repository, encoding: 'utf8' });

describe('npm run prove', () => {
  test('names every proof, without a name and for list', () => {
    for (const words of [[], ['list']]) {
      const { status, stdout } = prove(...words);
      assert.deepEqual([status, stdout.trimEnd().split('\n')], [0, describeProofs()]);
    }
  });

  test('each is a test that also runs small, and knows when it is asked for its full size', () => {
    for (const [name, { files }] of Object.entries(proofs)) {
      assert.ok(files.length > 0, name);
      for (const file of files)
        assert.match(readFileSync(join(repository, file), 'utf8'), /HOMEPORT_FULL_SIZE/, `${name}: ${file}`);
    }
  });

  test('what it does not know is refused with what it does', () => {
    for (const words of [['nothing'], ['kill', 'twice'], ['toString']]) {
      const { status, stderr } = prove(...words);
      assert.equal(status, 2, words.join(' '));
      assert.ok(stderr.includes(describeProofs()[0] ?? '?'), stderr);
    }
  });
});
