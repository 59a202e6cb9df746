import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAptPlugin, namedWords } from './named-words.ts';

test('a component is started by a name of its own, in both spellings', () => {
  for (const [program, words] of [
    ['/usr/bin/tedge', ['az']],
    ['/usr/bin/tedge-mapper', ['run', 'tedge-mapper', 'az']],
    ['/usr/bin/tedge_mapper', ['run', 'tedge-mapper', 'az']],
    ['/usr/bin/tedge-agent', ['run', 'tedge-agent', 'az']],
    ['/tedge-mapper/toString', ['az']],
  ] as const) {
    assert.deepEqual(namedWords(['/usr/bin/node', program, 'az']), words, program);
  }
});

test('the names lead to tedge', () => {
  for (const name of ['tedge-mapper', 'tedge_mapper', 'tedge-agent', 'tedge-apt-plugin']) {
    assert.equal(readlinkSync(join(import.meta.dirname, '../../../bin', name)), 'tedge');
  }
});

test('a link called apt is the plugin, and tedge is not', () => {
  assert.equal(isAptPlugin(['node', '/etc/tedge/sm-plugins/apt', 'list']), true);
  assert.equal(isAptPlugin(['node', '/usr/bin/tedge-apt-plugin', 'list']), true);
  assert.equal(isAptPlugin(['node', '/usr/bin/tedge', 'apt']), false);
});
