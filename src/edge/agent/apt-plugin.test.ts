import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { pluginCodes, runAptPlugin } from './apt-plugin.ts';

const platform = { ...testPlatform(), clock: systemClock };

/** The plugin with stand-ins for apt-get and dpkg-query, which write down how they were called. */
function openBench(t: TestContext) {
  const directory = temporaryDirectory(t);
  const said = join(directory, 'said');
  writeFileSync(said, '');
  mkdirSync(join(directory, 'bin'));
  const program = (name: string, lines: readonly string[]) => {
    const path = join(directory, 'bin', name);
    writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
    chmodSync(path, 0o755);
  };
  program('apt-get', [`echo "$DEBIAN_FRONTEND|$*" >> ${said}`]);
  program('dpkg-query', ['printf "ii \\tvim\\t2:9.1\\nrc \\tgone\\t1\\nhi \\theld:amd64\\t3~rc1-1\\nun \\tnever\\t\\n"']);
  program('dpkg-deb', ['echo own']);
  const printed: string[] = [];
  const complaints: string[] = [];
  return {
    directory,
    program,
    /** apt-get itself, which changes nothing and knows of no package that is not installed. */
    simulate: () => {
      mkdirSync(join(directory, 'apt/lists/partial'), { recursive: true });
      const own = [`Dir::State::lists=${directory}/apt/lists`, `Dir::Cache=${directory}/apt`].map(
        (option) => `--option ${option}`,
      );
      program('apt-get', [`exec /usr/bin/apt-get --simulate ${own.join(' ')} "$@"`]);
    },
    printed,
    complaints,
    said: () => readFileSync(said, 'utf8').trim().split('\n').filter(Boolean),
    run: (words: readonly string[], lines: readonly string[] = []) =>
      runAptPlugin(platform, words, {
        environment: { PATH: `${join(directory, 'bin')}:/usr/bin:/bin` },
        workingDirectory: '/tmp/here',
        lines: async () => lines,
        print: (line) => void printed.push(line),
        complain: (line) => void complaints.push(line),
        signal: new AbortController().signal,
      }),
  };
}

const install =
  'noninteractive|--quiet --yes --option APT::Cmd::Pattern-Only=true --option Dpkg::Options::=--force-confold --allow-downgrades install';

test('it lists what is installed, with versions, and nothing that only left its configuration', async (t) => {
  const bench = openBench(t);
  assert.equal(await bench.run(['list']), pluginCodes.done);
  assert.deepEqual(bench.printed, ['vim\t2:9.1', 'held:amd64\t3~rc1-1']);
});

test('it refreshes the lists before and clears up after, and changes packages in one go or one by one', async (t) => {
  const bench = openBench(t);
  const lines = ['install\tvim\t2:9.1', 'install\town\t\tfile.deb', 'remove\tnano', '', 'install\tg++'];
  for (const words of [['prepare'], ['update-list'], ['finalize']]) assert.equal(await bench.run(words, lines), pluginCodes.done);
  assert.equal(await bench.run(['install', 'vim', '--module-version', '1']), pluginCodes.done);
  assert.equal(await bench.run(['remove', 'vim', '--module-version', '1']), pluginCodes.done);
  assert.equal(await bench.run(['update-list'], ['']), pluginCodes.done);
  assert.deepEqual(bench.said(), [
    'noninteractive|--quiet --yes update',
    `${install} vim=2:9.1 /tmp/here/file.deb nano- g++`,
    'noninteractive|--quiet --yes autoremove',
    `${install} vim=1`,
    `${install} vim-`,
  ]);
});

/** As a pattern, `dpk.` would match dpkg. */
test('apt-get itself takes no name for a pattern: one that no package has is an error', async (t) => {
  const bench = openBench(t);
  bench.simulate();
  for (const words of [
    ['remove', 'dpk.'],
    ['install', 'dpk.'],
  ]) {
    assert.equal(await bench.run(words), pluginCodes.failed, words.join(' '));
    assert.match(bench.complaints.splice(0).join(), /Unable to locate package/, words.join(' '));
  }
});

test('a download has any name, apt-get takes it all the same, and nothing is left beside it; one of another package is refused', async (t) => {
  const bench = openBench(t);
  bench.simulate();
  bench.program('dpkg-deb', ['exec /usr/bin/dpkg-deb "$@"']);
  const folder = join(bench.directory, 'downloads');
  const control = ['Package: homeport-probe', 'Version: 1', 'Architecture: all', 'Maintainer: nobody', 'Description: none', ''];
  mkdirSync(join(bench.directory, 'tree/DEBIAN'), { recursive: true, mode: 0o755 });
  writeFileSync(join(bench.directory, 'tree/DEBIAN/control'), control.join('\n'));
  mkdirSync(folder);
  const file = join(folder, 'tedge-0a1b');
  execFileSync('/usr/bin/dpkg-deb', ['--build', join(bench.directory, 'tree'), file]);
  for (const name of ['homeport-probe', 'homeport-probe:all']) {
    assert.equal(await bench.run(['install', name, '--file', file]), pluginCodes.done, bench.complaints.join());
  }
  assert.equal(await bench.run(['update-list'], [`install\thomeport-probe\t\t${file}`]), pluginCodes.done);
  assert.deepEqual(bench.complaints, []);
  assert.equal(await bench.run(['install', 'vim', '--file', file]), pluginCodes.failed);
  assert.match(bench.complaints.splice(0).join(), /package 'homeport-probe', not of vim/);
  writeFileSync(join(folder, 'none'), 'no package');
  assert.equal(await bench.run(['install', 'vim', '--file', join(folder, 'none')]), pluginCodes.failed);
  assert.deepEqual(readdirSync(folder).sort(), ['none', 'tedge-0a1b']);
});

test('what apt-get complains of is told with exit code 2', async (t) => {
  const bench = openBench(t);
  bench.program('apt-get', ['echo "E: Unable to locate package none" >&2', 'exit 100']);
  assert.equal(await bench.run(['install', 'none']), pluginCodes.failed);
  assert.deepEqual(bench.complaints, ['E: Unable to locate package none']);
});

test('what is no name, no version or no command of a plugin runs nothing and is exit code 1', async (t) => {
  const bench = openBench(t);
  for (const words of [
    [],
    ['upgrade'],
    ['list', 'vim'],
    ['install'],
    ['install', '--download-only'],
    ['install', 'vim-'],
    ['install', 'vim+'],
    ['install', 'vim/sid'],
    ['install', '/tmp/x.deb'],
    ['install', 'vim:amd64-'],
    ['install', 'vim:amd64+'],
    ['install', 'g++:amd64-'],
    ['install', 'vim', '--module-version', '-1'],
    ['install', 'vim', '--module-version', '1-'],
    ['install', 'vim', '--module-version', '2:9.1-1+'],
    ['install', 'vim', '--module-version'],
    ['install', 'vim', '--option', 'x'],
    ['remove', 'vim', '--file', '/x.deb'],
  ]) {
    assert.equal(await bench.run(words), pluginCodes.usage, words.join(' '));
  }
  for (const line of ['vim', 'purge\tvim', 'install\t-o', 'install\tvim\t$(id)', 'install\tvim\t1-', 'remove\tvim:amd64-']) {
    assert.equal(await bench.run(['update-list'], ['install\tgood', line]), pluginCodes.usage, line);
  }
  assert.deepEqual(bench.said(), []);
});
