/**
 * Goal: what `npm pack` makes is all that somebody without this tree needs, and nothing else.
 * Method: pack a copy of the tree in which things lie about that must not be shipped; install it with npm in an
 * empty folder, with no registry; read what arrived; type the three commands there and open the first page, under
 * the oldest Node that package.json promises and under the pinned one.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { blocksOf } from '#test/support/guide.ts';
import { type InstalledPrograms, installedPrograms } from '#test/support/installed-programs.ts';
import { type Browser, openBrowser } from '#test/support/open-browser.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { filesBelow, type PackedHomeport, packHomeport } from '#test/support/packed-homeport.ts';

const repository = join(import.meta.dirname, '../..');
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const lure = 'must-not-be-shipped';

/** Everything that may be in the package. */
const allowed = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|THIRD-PARTY-NOTICES\.md)$/,
  /^dist\/package\.json$/,
  /^dist\/bin\/(homeport|azsphere|tedge|launch\.mjs)$/,
  /^dist\/(?!bin\/)([a-z0-9-]+\/)+[a-z0-9-]+\.(js|d\.ts)$/,
  /^web\/dist\/(index\.html|homeport\.svg)$/,
  /^web\/dist\/assets\/[\w.-]+\.(js|css)$/,
];

/** A program of somebody who installed the package; tsc reads it, and Node runs it. */
const consumer = `
import { type Homeport, type HomeportOptions, startHomeport } from 'homeport';
const options: HomeportOptions = { directory: 'own-data-' + process.pid, address: process.argv[2] ?? '', logLevel: 'error' };
const home: Homeport = await startHomeport(options);
const { hub, central } = await home.status({ withSecrets: false });
const port: number = hub.mqttPort;
console.log(JSON.stringify([hub.hostName, port, central.url, hub.connectionStrings === undefined]));
await home.stop();
export async function wrong(): Promise<void> {
  // @ts-expect-error: a directory is a text.
  await startHomeport({ directory: 7 });
  // @ts-expect-error: a port is a number.
  const text: string = hub.mqttPort;
  // @ts-expect-error: the rest of the package is nobody's to import.
  await import('homeport/dist/server/build.js');
  console.log(text);
}
`;

/** Lays a package of this tree where somebody who installed ours would have it. */
function link(folder: string, name: string): void {
  const path = join(folder, 'node_modules', name);
  if (!existsSync(path)) symlinkSync(join(repository, 'node_modules', name), path);
}

describe('the package', () => {
  let packed: PackedHomeport;
  let files: string[];
  const inPackage = (path: string) => join(packed.folder, 'node_modules/homeport', path);

  before(() => {
    packed = packHomeport({
      '.env': lure,
      'master.key': lure,
      'data/homeport.db': lure,
      'dist/left-over.js': lure,
      'web/dist/left-over.js': lure,
      'web/.env.local': lure,
      'src/hub/.env': lure,
      'src/hub/left-over.test.ts': `export const word = '${lure}';\n`,
    });
    files = filesBelow(inPackage('.'));
    writeFileSync(join(packed.folder, 'consumer.ts'), consumer);
  });
  after(() => packed?.close());

  test('holds what it should, and no file that no rule names', () => {
    assert.ok(files.length > 800, `saw ${files.length} files`);
    assert.deepEqual(
      files.filter((file) => !allowed.some((rule) => rule.test(file))),
      [],
    );
    const sources = globSync('src/**/*.ts', { cwd: packed.clone }).filter((file) => !/\.test\.ts$|\/vectors\//.test(file));
    const emitted = sources.flatMap((file) => ['.js', '.d.ts'].map((end) => file.replace(/^src/, 'dist').replace(/\.ts$/, end)));
    assert.deepEqual(
      files.filter((file) => /^dist\/(?!bin\/|package)/.test(file)),
      emitted.sort(),
    );
    for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'THIRD-PARTY-NOTICES.md', 'web/dist/index.html'])
      assert.ok(files.includes(file), file);
  });

  test('holds no secret, no name of a folder it was made in, and nothing of the tests', () => {
    const places = [packed.clone, repository, ...(homedir() === '/' ? [] : [`${homedir()}/`])];
    for (const file of files) {
      const text = readFileSync(inPackage(file), 'utf8');
      assert.ok(!text.includes(lure), `${file} holds a lure`);
      assert.doesNotMatch(text, /-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/=]{40}/, file);
      for (const place of places) assert.ok(!text.includes(place), `${file} names ${place}`);
      if (/^dist\/.*\.js$/.test(file)) {
        assert.doesNotMatch(text, /from '(node:test|#test\/[^']*|[^']*\.test\.[jt]s)'/, file);
        assert.doesNotMatch(text, /new URL\('[^']*\.ts'/, `${file} names a source that is not there: import.meta.resolve('#…')`);
      }
    }
  });

  test('its package.json leads to files that are there, and brings no Node and no tool', () => {
    const manifest = read(inPackage('package.json'));
    const targets = [...Object.values(manifest.bin), ...Object.values(manifest.exports['.']), manifest.exports['./package.json']];
    for (const target of targets) assert.ok(files.includes(String(target).replace(/^\.\//, '')), String(target));
    assert.deepEqual(Object.keys(manifest.exports), ['.', './package.json']);
    assert.equal(manifest.dependencies.node, undefined);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(manifest.scripts[name], undefined, name);
    assert.equal(manifest.private, true, 'npm publish refuses');
  });

  test('its declarations serve a program that imports it, under the strictest rules, and nothing deeper can be imported', () => {
    // Some of them are there: a package that runs declares to need them.
    for (const name of readdirSync(join(repository, 'node_modules/@types'))) link(packed.folder, `@types/${name}`);
    const options = '--noEmit --strict --skipLibCheck false --module nodenext --target es2024 --types node consumer.ts';
    const tsc = join(repository, 'node_modules/.bin/tsc');
    const { status, stdout } = spawnSync(tsc, options.split(' '), { cwd: packed.folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  const oldest = read(join(import.meta.dirname, 'oldest-node/package.json')).devDependencies.node;
  const pinned = read(join(repository, 'package.json')).devDependencies.node;

  test('the oldest Node that runs it is the one that package.json promises', () => {
    assert.equal(read(inPackage('package.json')).engines.node, `>=${oldest.replace(/\.0\.0$/, '')}`);
  });

  const nodes = [
    { version: oldest, directory: join(import.meta.dirname, 'oldest-node/node_modules/node/bin') },
    { version: pinned, directory: join(repository, 'node_modules/node/bin') },
  ];
  for (const { version, directory } of nodes) {
    describe(`under Node ${version}`, () => {
      const address = ownAddress();
      const { version: product } = read(join(repository, 'package.json'));
      let programs: InstalledPrograms;
      before(() => {
        programs = installedPrograms(packed.folder, directory);
      });
      after(() => programs?.close());
      const ok = async (program: string, ...parameters: string[]) => {
        const { code, stdout, stderr } = await programs.run(program, parameters);
        assert.equal(code, 0, `${program} ${parameters.join(' ')}\n${stdout}${stderr}`);
        return stdout;
      };

      test('all three commands say their version and their help', async () => {
        assert.equal((await ok('node', '--version')).trim(), `v${version}`);
        for (const program of ['homeport', 'azsphere', 'tedge']) {
          assert.ok((await ok(program, '--version')).includes(product), program);
          assert.match(await ok(program, '--help'), new RegExp(`Usage: ${program} `));
        }
      });

      test('azsphere login without a server fails and says what to start', async () => {
        const { code, stderr } = await programs.run('azsphere', ['login']);
        assert.equal(code, 7);
        assert.match(stderr, /No answer from .*admin\.sock\.\n.*\n.*homeport start/);
      });

      test('tedge makes a certificate and shows it', async () => {
        const environment = { TEDGE_CONFIG_DIR: join(programs.data, '../etc') };
        const made = await programs.run('tedge', ['cert', 'create', '--device-id', 'shipped'], environment);
        assert.equal(made.code, 0, made.stderr);
        const shown = await programs.run('tedge', ['cert', 'show'], environment);
        assert.match(shown.stdout, /CN=shipped/);
      });

      test('homeport start serves the first page, on which the demo device charts; azsphere signs in; it stops clean', async (t) => {
        const lines = await programs.start(['--demo', '--listen', address]);
        assert.match(lines.at(-1) ?? '', /^Try next: HOMEPORT_DATA=\S+ azsphere login$/);
        const link = lines.map((line) => /^Sign in once .*: (https:.*)$/.exec(line)?.[1]).find((found) => found) ?? '';
        const status = JSON.parse(await ok('homeport', 'status', '--json'));
        assert.deepEqual([status.version, status.address], [product, address]);
        const browser: Browser = await openBrowser();
        t.after(() => browser.close());
        const { page, complaints } = await browser.open();
        await page.goto(link);
        await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
        await page.getByRole('link', { name: /^[0-9a-f]{128}$/ }).click();
        await page.getByRole('img', { name: /^Chart\. Temperature: \d+ values? from/ }).waitFor();
        assert.deepEqual(
          complaints.filter((text) => !/401.*\/api\/ui\/session\)$/.test(text)),
          [],
        );
        await ok('azsphere', 'login');
        assert.ok((await ok('azsphere', 'tenant', 'list')).includes(status.sphere.tenantId));
        assert.equal(await programs.stop(), 0);
      });

      test('the test of the guide passes, as node:test runs it, and leaves nothing behind', async () => {
        const [, sample = ''] = blocksOf('js', 'test-against-homeport.md');
        assert.match(sample, /from 'node:test'/);
        for (const name of ['azure-iot-device', 'azure-iot-device-mqtt']) link(packed.folder, name);
        writeFileSync(join(packed.folder, 'guide.test.mjs'), sample);
        const TMPDIR = mkdtempSync(join(packed.folder, 't-'));
        const { code, stdout, stderr } = await programs.run('node', ['--test', 'guide.test.mjs'], { TMPDIR });
        assert.equal(code, 0, `${stdout}${stderr}`);
        assert.match(stdout, /pass 1\b/);
        assert.deepEqual(readdirSync(TMPDIR), []);
      });

      test('a program that imports it starts and stops a server of its own', async () => {
        const output = await ok('node', '--disable-warning=ExperimentalWarning', 'consumer.ts', address);
        assert.deepEqual(JSON.parse(output), [address, 8883, `https://${address}:8443`, true]);
      });
    });
  }
});
