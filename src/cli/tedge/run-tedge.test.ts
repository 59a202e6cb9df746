import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { productVersion } from '#base/version.ts';
import { openTedgeBench } from '#test/support/tedge-bench.ts';
import { placeCommonOptions } from './place-common-options.ts';

describe('tedge', () => {
  test('thin-edge 24: --config-dir anywhere and TEDGE_CONFIG_DIR keep two installations apart', async (t) => {
    const bench = openTedgeBench(t);
    const other = join(bench.directory, 'other');
    await bench.run('config set az.url one');
    for (const [line, value] of [
      [`--config-dir ${other} config set az.url two`, 'two'],
      [`config --config-dir=${other} set az.url three`, 'three'],
      [`config set az.url four --config-dir ${other}`, 'four'],
      ['--config-dir other config set az.url five', 'five'],
      [`--debug --log-level info --config-dir ${other} config set -- az.url six`, 'six'],
    ] as const) {
      assert.deepEqual(await bench.run(line), { code: 0, stdout: '', stderr: '' }, line);
      assert.equal((await bench.run('config get az.url', { TEDGE_CONFIG_DIR: other })).stdout, value, line);
      assert.equal((await bench.run('config get az.url')).stdout, 'one', line);
    }
  });

  test('the options of every command move behind its name, and never out of a value', () => {
    for (const [words, placed] of [
      ['--config-dir /c cert show', 'cert show --config-dir /c'],
      ['cert --debug create --device-id d az', 'cert create --debug --device-id d az'],
      ['--config-dir /c config set k -- -v', 'config set k --config-dir /c -- -v'],
      ['cert create --device-id --debug az', 'cert create --device-id --debug az'],
      ['-V', '--version'],
      ['--config-dir', '--config-dir'],
    ] as const) {
      assert.equal(placeCommonOptions(words.split(' ')).join(' '), placed, words);
    }
  });

  test('version and help go to standard output with 0; nothing at all is wrong use, with help on standard error', async (t) => {
    const bench = openTedgeBench(t);
    for (const line of ['--version', '-V', '--config-dir /x --version']) {
      assert.deepEqual(await bench.run(line), { code: 0, stdout: `tedge ${productVersion}`, stderr: '' }, line);
    }
    for (const line of ['--help', '-h', 'help', 'cert --help', 'cert create -h', '--config-dir /x config set --help']) {
      const { code, stdout, stderr } = await bench.run(line);
      assert.deepEqual([code, stderr], [0, ''], line);
      assert.match(stdout, /Usage: tedge /, line);
    }
    const nothing = await bench.runWords([]);
    assert.deepEqual([nothing.code, nothing.stdout], [2, '']);
    assert.match(nothing.stderr, /Usage: tedge COMMAND/);
  });

  test('wrong use exits with 2 and writes to standard error alone', async (t) => {
    const bench = openTedgeBench(t);
    for (const line of [
      'cert',
      'config',
      'cerd show',
      'cert shoe',
      '--nothing',
      'cert show --nothing',
      'config get',
      'config set az.url',
      '--config-dir /x',
      'cert show --config-dir',
      'cert show --config-dir /a --config-dir /b',
      'cert show --log-level loud',
    ]) {
      const { code, stdout, stderr } = await bench.run(line);
      assert.deepEqual([code, stdout], [2, ''], line);
      assert.match(stderr, /^error: /, line);
    }
  });

  test('commands that are not there yet say so and exit with 1, whatever follows them', async (t) => {
    const bench = openTedgeBench(t);
    for (const line of ['cert upload c8y --user x', 'diag collect', '--config-dir /x flows list']) {
      const { code, stdout, stderr } = await bench.run(line);
      assert.deepEqual([code, stdout], [1, ''], line);
      assert.match(stderr, /^Error: tedge [a-z -]+ is not supported by this build\n/, line);
    }
  });

  test('a stack is shown with --debug only', async (t) => {
    const bench = openTedgeBench(t);
    assert.doesNotMatch((await bench.run('cert show')).stderr, /\n\s+at /);
    assert.match((await bench.run('cert show --debug')).stderr, /\n\s+at /);
  });
});
