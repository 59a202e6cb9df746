import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { configSnapshot, configUpdate } from './configuration-files.ts';
import type { Download } from './download.ts';
import { configurationBytesMax, reasonCharactersMax } from './limits.ts';
import { logUpload } from './log-upload.ts';
import type { Operation, PartialFailure } from './operation.ts';
import { restart } from './restart.ts';
import { softwareList } from './software-list.ts';
import { softwareUpdate } from './software-update.ts';

const work = { id: '7', signal: new AbortController().signal };
const platform = { ...testPlatform(), clock: systemClock };

/** A configuration directory, and what would have been uploaded. */
function openBench(t: TestContext) {
  const directory = temporaryDirectory(t);
  const uploads = new Map<string, string>();
  mkdirSync(join(directory, 'plugins'));
  mkdirSync(join(directory, 'sm-plugins'));
  const downloads: string[] = [];
  const download: Download = async (url) => {
    downloads.push(url);
    const path = join(directory, 'downloaded');
    writeFileSync(path, `from ${url}`);
    return { path, remove: async () => {} };
  };
  return {
    configDirectory: directory,
    uploads,
    downloads,
    download,
    upload: async (name: string, content: Buffer) => {
      uploads.set(name, content.toString());
      return `device/${name}`;
    },
    file: (name: string) => join(directory, name),
    write(name: string, text: string, mode = 0o644): string {
      const path = join(directory, name);
      writeFileSync(path, text);
      chmodSync(path, mode);
      return path;
    },
    /** A plugin for software: an executable script. */
    plugin(name: string, lines: readonly string[]): void {
      this.write(`sm-plugins/${name}`, ['#!/bin/sh', ...lines, ''].join('\n'), 0o755);
    },
    software: { pluginDirectory: join(directory, 'sm-plugins'), listedMax: 1000, defaultType: undefined, download },
    read: (name: string) => readFileSync(join(directory, name), 'utf8'),
  };
}

describe('restart', () => {
  test('it runs what system.toml says, and has succeeded on a machine that was started anew', async (t) => {
    const bench = openBench(t);
    const bootIdPath = bench.write('boot_id', 'first');
    bench.write('system.toml', `[system]\nreboot = ["touch", "${bench.file('rebooted')}"]\n`);
    const operation = restart(platform, { configDirectory: bench.configDirectory, bootIdPath });
    const kept = (await operation.prepare?.()) ?? {};
    const stopping = new AbortController();
    const running = operation.run({}, { ...work, signal: stopping.signal });
    running.catch(() => {});
    await assert.doesNotReject(async () => {
      while (!statSync(bench.file('rebooted'), { throwIfNoEntry: false })) await new Promise(setImmediate);
    });
    stopping.abort();
    await assert.rejects(running);
    bench.write('boot_id', 'second');
    assert.deepEqual(await operation.resume?.(kept, work), {});
  });

  test('a machine that is the same after five minutes was not restarted; a command that fails says so at once', async (t) => {
    const bench = openBench(t);
    const bootIdPath = bench.write('boot_id', 'first');
    const manual = testPlatform();
    const waits = t.mock.method(manual.clock, 'after').mock;
    const operation = restart(manual, { configDirectory: bench.configDirectory, bootIdPath });
    const waiting = assert.rejects(operation.resume?.({ bootId: 'first' }, work) ?? Promise.resolve(), /within 5 minutes/);
    while (waits.callCount() === 0) await new Promise(setImmediate);
    manual.clock.advance(5 * minuteMs);
    await waiting;
    const real = restart(platform, { configDirectory: bench.configDirectory, bootIdPath });
    bench.write('system.toml', '[system]\nreboot = ["sh", "-c", "echo not today >&2; exit 3"]\n');
    await assert.rejects(real.run({}, work), /ended with 3\. not today/);
    bench.write('system.toml', '[system]\nreboot = "init 6"\n');
    await assert.rejects(real.run({}, work), { code: 'argument-invalid' });
  });
});

describe('log_upload', () => {
  function withLogs(t: TestContext) {
    const bench = openBench(t);
    mkdirSync(bench.file('logs'));
    const log = (name: string, text: string, day: number) => {
      const path = bench.write(`logs/${name}`, text);
      utimesSync(path, new Date(2025, 2, day), new Date(2025, 2, day));
    };
    log('app.log.1', 'one\ntwo ERROR\n', 1);
    log('app.log', 'three\nfour ERROR\nfive\n', 5);
    bench.write('plugins/tedge-log-plugin.toml', `files = [{ type = "app", path = "${bench.file('logs')}/app*" }]\n`);
    return { bench, operation: logUpload(bench) };
  }

  test('the newest lines of all files of a type go up, oldest first, by lines, text and time', async (t) => {
    const { bench, operation } = withLogs(t);
    const path = (name: string) => `filename: ${bench.file('logs')}/${name}\n`;
    const rows: [JsonObject, string][] = [
      [{}, `${path('app.log.1')}one\ntwo ERROR\n${path('app.log')}three\nfour ERROR\nfive\n`],
      [{ lines: 2 }, `${path('app.log')}four ERROR\nfive\n`],
      [{ lines: 4 }, `${path('app.log.1')}two ERROR\n${path('app.log')}three\nfour ERROR\nfive\n`],
      [{ searchText: 'ERROR' }, `${path('app.log.1')}two ERROR\n${path('app.log')}four ERROR\n`],
      [{ dateFrom: '2025-03-03T00:00:00Z' }, `${path('app.log')}three\nfour ERROR\nfive\n`],
    ];
    assert.deepEqual(await operation.capability(), { types: ['app'] });
    for (const [fields, text] of rows) {
      assert.deepEqual(await operation.run({ type: 'app', ...fields }, work), { blob: 'device/log_upload/app-7.log' });
      assert.equal(bench.uploads.get('log_upload/app-7.log'), text, JSON.stringify(fields));
    }
  });

  test('links are not followed out of the directory, and what does not fit is refused', async (t) => {
    const { bench, operation } = withLogs(t);
    bench.write('secret', 'key');
    symlinkSync(bench.file('secret'), bench.file('logs/app-link'));
    await operation.run({ type: 'app' }, work);
    assert.ok(!bench.uploads.get('log_upload/app-7.log')?.includes('key'));
    for (const [request, reason] of [
      [{}, /no 'type'/],
      [{ type: 'other' }, /lists no type 'other'/],
      [{ type: 'app', lines: 0 }, /whole number/],
      [{ type: 'app', searchText: 7 }, /no text/],
      [{ type: 'app', dateFrom: 'yesterday' }, /RFC 3339/],
      [{ type: 'app', dateFrom: '2125-01-01T00:00:00Z' }, /no log file/],
      [{ type: 'app', tedgeUrl: 'http://127.0.0.1:8000/x' }, /no local file transfer/],
    ] as const) {
      await assert.rejects(operation.run(request, work), reason);
    }
  });

  test('a link to a directory is followed above a pattern, where it is the administrator’s, and nowhere below', async (t) => {
    const { bench, operation } = withLogs(t);
    for (const name of ['logs/own', 'etc']) mkdirSync(bench.file(name));
    bench.write('logs/own/app.log', 'mine\n');
    bench.write('etc/app.log', 'key\n');
    symlinkSync(bench.file('etc'), bench.file('logs/link'));
    symlinkSync(bench.file('logs'), bench.file('linked'));
    for (const pattern of ['linked/*/*', 'linked/*/app.log', 'linked/{own,link}/app.log', 'linked/@(own|link)/app.*']) {
      bench.write('plugins/tedge-log-plugin.toml', `files = [{ type = "app", path = "${bench.file(pattern)}" }]\n`);
      await operation.run({ type: 'app' }, work);
      const path = bench.file('linked/own/app.log');
      assert.equal(bench.uploads.get('log_upload/app-7.log'), `filename: ${path}\nmine\n`, pattern);
    }
    for (const pattern of ['linked/own/app.log', 'linked/link/app.log']) {
      bench.write('plugins/tedge-log-plugin.toml', `files = [{ type = "app", path = "${bench.file(pattern)}" }]\n`);
      await operation.run({ type: 'app' }, work);
      assert.match(bench.uploads.get('log_upload/app-7.log') ?? '', pattern.includes('own') ? /mine/ : /key/);
    }
  });

  test('a list that cannot be read offers nothing and says why when it is asked', async (t) => {
    const { bench, operation } = withLogs(t);
    for (const text of ['files = 7', 'files = [{ type = "x" }]', 'files = [{ path = "relative" }]', 'no toml =']) {
      bench.write('plugins/tedge-log-plugin.toml', text);
      assert.deepEqual(await operation.capability(), { types: [] }, text);
      await assert.rejects(operation.run({ type: 'x' }, work), { code: 'argument-invalid' }, text);
    }
  });
});

describe('config_snapshot and config_update', () => {
  function withFiles(t: TestContext) {
    const bench = openBench(t);
    const path = bench.write('app.conf', 'old', 0o640);
    const missing = bench.file('new.conf');
    const files = [`{ type = "app", path = "${path}" }`, `{ path = "${missing}", mode = 0o600 }`];
    bench.write('plugins/tedge-configuration-plugin.toml', `files = [${files.join(', ')}]\n`);
    return { bench, path, missing, snapshot: configSnapshot(bench), update: configUpdate(platform, bench) };
  }

  test('a listed file goes up as it is, and no other does: the list is no member of itself', async (t) => {
    const { bench, path, missing, snapshot } = withFiles(t);
    assert.deepEqual(await snapshot.capability(), { types: [missing, 'app'].sort() });
    assert.deepEqual(await snapshot.run({ type: 'app' }, work), { path, blob: 'device/config_snapshot/app-7' });
    assert.equal(bench.uploads.get('config_snapshot/app-7'), 'old');
    for (const type of [
      '/etc/passwd',
      '../app',
      'tedge-configuration-plugin',
      bench.file('plugins/tedge-configuration-plugin.toml'),
    ]) {
      await assert.rejects(snapshot.run({ type }, work), { code: 'not-found' }, type);
    }
    await assert.rejects(snapshot.run({ type: missing }, work), /There is no .*new\.conf/);
  });

  test('content from the request or from an address takes the old one’s place, and the mode stays', async (t) => {
    const { bench, path, missing, update } = withFiles(t);
    assert.deepEqual(await update.run({ type: 'app', content: 'new' }, work), { path });
    assert.equal(bench.read('app.conf'), 'new');
    assert.equal(statSync(path).mode & 0o777, 0o640);
    await update.run({ type: 'app', remoteUrl: 'https://h/x' }, work);
    assert.equal(bench.read('app.conf'), 'from https://h/x');
    await update.run({ type: missing, content: 'made' }, work);
    assert.equal(statSync(missing).mode & 0o777, 0o600);
    const sha256 = '11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437';
    await assert.rejects(update.run({ type: 'app', content: 'other', sha256 }, work), /SHA-256/);
    assert.equal(bench.read('app.conf'), 'from https://h/x');
  });

  test('a listed file that became a link or a pipe is neither uploaded nor replaced, nor what a link points to', async (t) => {
    const { bench, path, snapshot, update } = withFiles(t);
    bench.write('secret', 'key', 0o600);
    const request = (operation: Operation) => (operation === update ? { type: 'app', content: 'mine' } : { type: 'app' });
    for (const target of [bench.file('secret'), bench.file('missing')]) {
      rmSync(path);
      symlinkSync(target, path);
      for (const operation of [snapshot, update]) {
        await assert.rejects(operation.run(request(operation), work), { code: 'conflict', message: /app\.conf is a link/ });
      }
    }
    assert.deepEqual([bench.uploads.size, bench.read('secret')], [0, 'key']);
    assert.equal(statSync(bench.file('missing'), { throwIfNoEntry: false }), undefined);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    for (const operation of [snapshot, update]) {
      await assert.rejects(operation.run(request(operation), work), /is not a file/);
    }
  });

  test('what does not fit changes nothing', async (t) => {
    const { bench, update } = withFiles(t);
    for (const [request, reason] of [
      [{ type: 'app' }, /either 'content' or 'remoteUrl'/],
      [{ type: 'app', content: 'x', remoteUrl: 'https://h' }, /either/],
      [{ type: 'app', content: 7 }, /no text/],
      [{ type: 'app', content: 'x'.repeat(configurationBytesMax + 1) }, /at most/],
      [{ type: '/etc/passwd', content: 'x' }, /lists no type/],
      [{ type: 'app', content: 'x', tedgeUrl: 'http://h' }, /no local file transfer/],
    ] as const) {
      await assert.rejects(update.run(request, work), reason);
    }
    bench.write(
      'plugins/tedge-configuration-plugin.toml',
      `files = [{ type = "app", path = "${bench.file('app.conf')}", service = "app" }]\n`,
    );
    await assert.rejects(update.run({ type: 'app', content: 'x' }, work), { code: 'not-supported' });
    bench.write(
      'plugins/tedge-configuration-plugin.toml',
      `files = [{ type = "new", path = "${bench.file('n')}", user = "app" }]\n`,
    );
    await assert.rejects(update.run({ type: 'new', content: 'x' }, work), { code: 'not-supported' });
    assert.equal(bench.read('app.conf'), 'old');
  });
});

describe('software_list and software_update', () => {
  const recorded = (bench: ReturnType<typeof openBench>) => bench.read('said').trim().split('\n');
  /** A plugin that writes down how it was called. */
  const scribe = (bench: ReturnType<typeof openBench>, more: readonly string[] = []) => [
    `echo "\${0##*/}|$*" >> ${bench.file('said')}`,
    ...more,
  ];

  test('each executable in the directory is a type, and lists what it has', async (t) => {
    const bench = openBench(t);
    bench.plugin('pip', ['printf "a\\t1.0\\nb\\n\\nc\\t2.0\\textra\\n"']);
    bench.plugin('empty', ['exit 0']);
    bench.write('sm-plugins/readme', 'no plugin');
    const operation = softwareList(platform, { ...bench.software, listedMax: 2 });
    assert.deepEqual(await operation.capability(), { types: ['empty', 'pip'] });
    const currentSoftwareList = [
      { type: 'empty', modules: [] },
      { type: 'pip', modules: [{ name: 'a', version: '1.0' }, { name: 'b' }] },
    ];
    assert.deepEqual(await operation.run({}, work), { currentSoftwareList });
    bench.plugin('broken', ['echo no disk >&2; exit 2']);
    await assert.rejects(operation.run({}, work), /broken failed to list with 2: no disk/);
  });

  test('prepare, then update-list in the order asked for, then finalize; one by one where the plugin has no update-list', async (t) => {
    const bench = openBench(t);
    bench.plugin('whole', scribe(bench, [`test "$1" = update-list && cat >> ${bench.file('said')}`, 'exit 0']));
    bench.plugin('single', scribe(bench, ['test "$1" = update-list && exit 1', 'exit 0']));
    const operation = softwareUpdate(platform, bench.software);
    const modules = [
      { name: 'a', version: '1', action: 'install' },
      { name: 'b', version: '', url: 'https://h/b', action: 'install' },
      { name: 'c', action: 'remove' },
    ];
    await operation.run({ updateList: [{ type: 'whole', modules }] }, work);
    const file = bench.file('downloaded');
    assert.deepEqual(recorded(bench), [
      'whole|prepare',
      'whole|update-list',
      'install\ta\t1',
      `install\tb\t\t${file}`,
      'remove\tc',
      'whole|finalize',
    ]);
    bench.write('said', '');
    await operation.run({ updateList: [{ type: 'single', modules }] }, work);
    assert.deepEqual(recorded(bench), [
      'single|prepare',
      'single|update-list',
      'single|install a --module-version 1',
      `single|install b --file ${file}`,
      'single|remove c',
      'single|finalize',
    ]);
  });

  test('what fails is told module by module, and keeps no other type from its own', async (t) => {
    const bench = openBench(t);
    bench.plugin(
      'one',
      scribe(bench, ['test "$1" = update-list && exit 1', 'test "$2" = bad && { echo no such thing >&2; exit 2; }', 'exit 0']),
    );
    bench.plugin('two', scribe(bench, ['exit 0']));
    const operation = softwareUpdate(platform, bench.software);
    const module = (name: string) => ({ name, action: 'install' });
    const updateList = [
      { type: 'one', modules: [module('bad'), module('good')] },
      { type: 'two', modules: [module('x')] },
    ];
    const failed = await operation.run({ updateList }, work).then(
      () => assert.fail(),
      (error: Error & { details: JsonObject }) => error,
    );
    assert.match(failed.message, /^Failed: install bad\. .*no such thing/);
    const reason = 'The plugin one failed to install with 2: no such thing';
    assert.deepEqual(failed.details, { failures: [{ type: 'one', modules: [{ name: 'bad', action: 'install', reason }] }] });
    assert.ok(recorded(bench).includes('one|install good') && recorded(bench).includes('two|finalize'));
    bench.plugin('one', [
      'test "$1" = update-list && exit 1',
      'test "$1" = install && { printf %03000d 0 >&2; exit 2; }',
      'exit 0',
    ]);
    await assert.rejects(operation.run({ updateList }, work), ({ details }: PartialFailure) => {
      const reasons = JSON.stringify(details).match(/"reason":"([^"]*)"/g) ?? [];
      assert.deepEqual(
        reasons.map(({ length }) => length),
        Array(2).fill('"reason":""'.length + reasonCharactersMax),
      );
      return true;
    });
    bench.plugin('one', ['test "$1" = finalize && exit 2', 'exit 0']);
    await assert.rejects(operation.run({ updateList }, work), /failed to finalize/);
    bench.plugin('one', ['test "$1" = prepare && exit 2', 'exit 0']);
    await assert.rejects(operation.run({ updateList }, work), /failed to prepare/);
  });

  test('nothing of a request goes through a shell or looks like an option, and what does not fit runs nothing', async (t) => {
    const bench = openBench(t);
    bench.plugin('p', scribe(bench, ['test "$1" = update-list && exit 1', 'exit 0']));
    const operation = softwareUpdate(platform, bench.software);
    const of = (module: JsonObject) => ({ updateList: [{ type: 'p', modules: [module] }] });
    for (const [request, reason] of [
      [{}, /'updateList' is no list/],
      [{ updateList: [] }, /names 1 to/],
      [{ updateList: [{ type: 'none', modules: [{ name: 'a', action: 'install' }] }] }, /no plugin .* 'none'/],
      [{ updateList: [{ type: '../p', modules: [{ name: 'a', action: 'install' }] }] }, /no plugin/],
      [{ updateList: [{ modules: [{ name: 'a', action: 'install' }] }] }, /no 'type'/],
      [of({ name: '--force', action: 'install' }), /'name'/],
      [of({ name: 'a\tb', action: 'install' }), /'name'/],
      [of({ name: 'a', action: 'purge' }), /neither install nor remove/],
      [of({ name: 'a', version: '-x', action: 'install' }), /'version'/],
      [of({ name: 'a', url: 7, action: 'install' }), /'url'/],
    ] as const) {
      await assert.rejects(operation.run(request as JsonObject, work), reason, JSON.stringify(request));
    }
    await operation.run(of({ name: '$(id);`id`', action: 'install' }), work);
    assert.ok(recorded(bench).includes('p|install $(id);`id`'));
    assert.equal(recorded(bench).filter((line) => line.startsWith('p|prepare')).length, 1);
  });
});
