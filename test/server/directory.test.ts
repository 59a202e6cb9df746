import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, runCommand, startHomeport } from '#test/support/start-homeport.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

type Entry = { path: string; mode: number; isFile: boolean; bytes: Buffer };

/** Everything below the data directory. */
function entriesOf(data: string): Entry[] {
  return readdirSync(data, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const isFile = entry.isFile();
    return {
      path: relative(data, path),
      mode: lstatSync(path).mode & 0o777,
      isFile,
      bytes: isFile ? readFileSync(path) : Buffer.of(),
    };
  });
}

describe('a data directory', () => {
  let home: RunningHomeport;
  const secrets: Record<string, string> = {};

  before(async () => {
    home = await startHomeport(['--demo']);
    const { central } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
    secrets.apiToken = new URLSearchParams(central.apiToken.replace(/^\S+ /, '')).get('sig') ?? '';
    const link = (await home.ok('homeport', ['sign-in'])).trim();
    secrets.signInCode = new URL(link).hash.slice(1);
    const { origin } = new URL(central.url);
    const opened = await askHttps(`${origin}/api/ui/session`, home.ca, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code: secrets.signInCode }),
    });
    secrets.session = /__Host-homeport=([^;]+);/.exec(String(opened.headers['set-cookie']))?.[1] ?? '';
    await home.ok('azsphere', ['login']);
    secrets.sphereToken = JSON.parse(readFileSync(join(home.data, 'azsphere.json'), 'utf8')).token;
    for (const [name, secret] of Object.entries(secrets)) assert.ok(secret?.length >= 40, `${name} was found`);
  });
  after(() => home.close());

  test('is its owner’s alone: 0700 for directories, 0600 for every file and socket in them', () => {
    assert.equal(lstatSync(home.data).mode & 0o777, 0o700);
    const entries = entriesOf(home.data);
    assert.ok(entries.length > 15, `saw ${entries.length} files`);
    for (const name of [
      'master.key',
      'homeport.db',
      'admin.sock',
      'ca/homeport-ca.key',
      'ca/server-ec.key',
      'ca/server-rsa.key',
      'azsphere.json',
    ])
      assert.ok(
        entries.some(({ path }) => path === name),
        `${name} is there`,
      );
    assert.ok(entries.some(({ path }) => /^sphere\/root-.*\.key$/.test(path)));
    assert.deepEqual(
      entries.filter(({ mode }) => (mode & 0o077) !== 0).map(({ path, mode }) => `${path} ${mode.toString(8)}`),
      [],
    );
  });

  test('holds no token, session, code or key in clear, and neither does the log', () => {
    const files = entriesOf(home.data).filter(({ isFile }) => isFile);
    const masterKey = files.find(({ path }) => path === 'master.key')?.bytes ?? Buffer.alloc(32);
    assert.equal(masterKey.length, 32);
    for (const [name, secret] of Object.entries(secrets)) {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(secret, 'base64')];
      const holders = files.filter(({ bytes }) => forms.some((form) => bytes.includes(form))).map(({ path }) => path);
      // azsphere's own memory of its sign-in is what that file is for.
      assert.deepEqual(holders, name === 'sphereToken' ? ['azsphere.json'] : [], `${name} in clear`);
      assert.ok(!home.log().includes(secret), `${name} in the log`);
    }
    const databases = files.filter(({ path }) => path.startsWith('homeport.db'));
    assert.ok(databases.length > 0);
    for (const { path, bytes } of databases) {
      for (const mark of ['PRIVATE KEY', 'SharedAccessKey', masterKey]) assert.ok(!bytes.includes(mark), `${path} holds ${mark}`);
    }
  });

  test('with wider modes is not started on; the message is the chmod to run', async (t) => {
    const data = temporaryDirectory(t);
    const refused = async (path: string, wanted: string) => {
      const { code, stderr, stdout } = await runCommand('homeport', ['start', '--listen', '127.78.0.1', '--json'], {}, data);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^error: .* can be read by others \(mode \d+\)\.\n {2}It holds secrets/);
      assert.ok(stderr.includes(`\n  chmod ${wanted} ${path}\n`), stderr);
      chmodSync(path, Number.parseInt(wanted, 8));
    };
    writeFileSync(join(data, 'something'), '', { mode: 0o600 });
    chmodSync(data, 0o755);
    await refused(data, '700');
    mkdirSync(join(data, 'sphere'), { mode: 0o700 });
    const key = join(data, 'sphere', 'root-1.key');
    writeFileSync(key, 'key', { mode: 0o600 });
    chmodSync(key, 0o644);
    await refused(key, '600');
    chmodSync(join(data, 'sphere'), 0o750);
    await refused(join(data, 'sphere'), '700');
    chmodSync(join(data, 'something'), 0o640);
    await refused(join(data, 'something'), '600');
    assert.deepEqual(readdirSync(data).sort(), ['something', 'sphere'], 'nothing was made meanwhile');
  });

  test('that is empty and was made with an ordinary umask is narrowed and used', async (t) => {
    const data = temporaryDirectory(t);
    chmodSync(data, 0o755);
    const { checkDataDirectory } = await import('#server/data-directory-check.ts');
    await checkDataDirectory(data);
    assert.equal(lstatSync(data).mode & 0o777, 0o700);
    // What is public may be read: certificates to trust, and settings.
    mkdirSync(join(data, 'ca'), { mode: 0o700 });
    for (const name of ['homeport.toml', 'ca/homeport-ca.pem']) {
      writeFileSync(join(data, name), '');
      chmodSync(join(data, name), 0o644);
    }
    await checkDataDirectory(data);
  });
});
