import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { azsphere } from '#cli/azsphere/azsphere.ts';
import { homeportProgram } from '#cli/homeport/program.ts';
import { openMqttConnection } from '#devices/mqtt-connection.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, runCommand, startHomeport } from '#test/support/start-homeport.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';

const repository = join(import.meta.dirname, '../..');

describe('commands against a running server', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
  });
  after(() => home.close());

  test('every command looks for its server under HOMEPORT_DATA, and --data says otherwise', async (t) => {
    const empty = temporaryDirectory(t);
    const words: Record<string, string[]> = {
      status: [],
      audit: [],
      'sign-in': [],
      refusals: [],
      'refusals show': ['0123456789abcdef'],
      rehearse: ['--until', '2099-01-01'],
      simulate: ['--app', 'd1'],
      clock: [],
      'clock advance': ['1h'],
      'clock set': ['2099-01-01'],
      'clock run': ['--speed', '2'],
      'clock stop': [],
      'hub create': ['plant-2'],
      'hub list': [],
      'hub delete': ['plant-2', '--yes'],
      'hub c2d send': ['-d', 'x', '--body', 'y'],
      'hub device create': ['-d', 'x', '--auth-method', 'x509_ca'],
      'hub device show': ['-d', 'x'],
      'hub device list': [],
      'hub device delete': ['-d', 'x'],
      'hub device update': ['-d', 'x', '--edge', 'no'],
      'hub device enable': ['-d', 'x'],
      'hub device disable': ['-d', 'x'],
      'hub keys renew': ['-d', 'x', '--key', 'both'],
      'hub connection-string': [],
      'hub policy list': [],
      'hub statistics': [],
      'hub module create': ['-d', 'x', '-m', 'y'],
      'hub module show': ['-d', 'x', '-m', 'y'],
      'hub module list': ['-d', 'x'],
      'hub module delete': ['-d', 'x', '-m', 'y'],
      'hub twin show': ['-d', 'x'],
      'hub twin update': ['-d', 'x', '--tags', '{}'],
      'hub twin replace': ['-d', 'x', '--tags', '{}'],
      'hub method invoke': ['-d', 'x', '--name', 'y'],
      'hub query': ['SELECT * FROM devices'],
      'hub export': ['x.txt'],
      'hub import': ['x.txt'],
      'hub configuration create': ['-c', 'x', '--content', '{}'],
      'hub configuration update': ['-c', 'x', '--priority', '1'],
      'hub configuration list': [],
      'hub configuration show': ['-c', 'x'],
      'hub configuration delete': ['-c', 'x'],
      'hub job create': ['--condition', '*', '--tags', '{}'],
      'hub job list': [],
      'hub job show': ['-j', 'x'],
      'hub job cancel': ['-j', 'x'],
      'hub monitor-events': [],
      'hub monitor-feedback': [],
      'hub file list': [],
      'hub file download': ['--name', 'x', '--path', 'y'],
      'hub file delete': ['--name', 'x'],
      'hub consumer-group create': ['x'],
      'hub consumer-group list': [],
      'hub consumer-group delete': ['x'],
      'hub route create': ['x'],
      'hub route list': [],
      'hub route delete': ['x'],
      'hub route test': ['--condition', 'true'],
      'hub route fallback': ['on'],
      'hub route dead-letters': ['x'],
      'hub route replay': ['x'],
      'hub destination create': ['x', '--type', 'files'],
      'hub destination list': [],
      'hub destination delete': ['x'],
      'hub enrichment set': ['k', 'v'],
      'hub enrichment list': [],
      'hub enrichment delete': ['k'],
      'hub certificate upload': ['--name', 'x', '--path', 'package.json'],
      'hub certificate code': ['--name', 'x'],
      'hub certificate verify': ['--name', 'x', '--path', 'package.json'],
      'hub certificate list': [],
      'crl upload': ['--path', 'package.json'],
      'crl list': [],
      'crl delete': ['--id', 'x'],
      'crl follow': ['--ca', 'AB', '--url', 'https://ca.example/line.crl'],
      'crl unfollow': ['--ca', 'AB'],
      'faults add': ['drop', '--all'],
      'faults list': [],
      'faults remove': ['f1'],
      'faults clear': [],
      'sphere device suspend': ['ab'.repeat(64)],
      'sphere device resume': ['ab'.repeat(64)],
      'sphere device revoke': ['ab'.repeat(64), '--yes'],
      'sphere ca-certificate list': [],
      'sphere ca-certificate activate': ['--thumbprint', 'AB'],
      'sphere ca-certificate revoke': ['--thumbprint', 'AB', '--yes'],
    };
    // These ask no server: `start` is one, and settings are read from files.
    const others = ['start', 'config show', 'config check', 'pki verify'];
    assert.deepEqual(
      homeportProgram('0')
        .commands.map(({ path }) => path)
        .sort(),
      [...Object.keys(words), ...others].sort(),
    );
    for (const [path, rest] of Object.entries(words)) {
      const { code, stderr } = await runCommand('homeport', [...path.split(' '), ...rest], {}, empty);
      assert.deepEqual([path, code], [path, 7], stderr);
      assert.ok(stderr.includes(`No answer from ${join(empty, 'admin.sock')}.`), `${path}: ${stderr}`);
    }
    const login = await runCommand('azsphere', ['login'], {}, empty);
    assert.notEqual(login.code, 0);
    assert.ok(login.stderr.includes(join(empty, 'admin.sock')), login.stderr);
    for (const { path } of azsphere.commands.filter(({ path }) => /^(tenant|device list$)/.test(path))) {
      const { code } = await runCommand('azsphere', path.split(' '), {}, empty);
      assert.notEqual(code, 0, `azsphere ${path} without a sign-in in this directory`);
    }
    const named = await runCommand('homeport', ['status', '--json', '--data', home.data], {}, empty);
    assert.equal(JSON.parse(named.stdout).pid, home.status.pid);
    assert.ok(!existsSync(join(empty, 'azsphere.json')));
  });

  test('sign-in prints a link that opens one session, once', async () => {
    const first = (await home.ok('homeport', ['sign-in'])).trim();
    const { url: second } = JSON.parse(await home.ok('homeport', ['sign-in', '--json']));
    assert.notEqual(first, second);
    for (const link of [first, second]) {
      const { origin, pathname, hash } = new URL(link);
      assert.deepEqual([origin, pathname], [home.status.central.url, '/sign-in']);
      assert.match(hash, /^#[A-Za-z0-9_-]{43}$/, 'the code stands where no server log sees it');
      const spend = () =>
        askHttps(`${origin}/api/ui/session`, home.ca, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin },
          body: JSON.stringify({ code: hash.slice(1) }),
        });
      const opened = await spend();
      assert.equal(opened.status, 204);
      assert.match(
        String(opened.headers['set-cookie']),
        /^__Host-homeport=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800$/,
      );
      const again = await spend();
      assert.equal(again.status, 401);
      assert.equal(again.headers['set-cookie'], undefined);
    }
  });

  test('refusals show says what it wants, and that there is none, with the command that lists them', async () => {
    const wrong = await home.run('homeport', ['refusals', 'show', 'dev1']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /dev1 is no id of a refusal\.[\s\S]*16 hexadecimal digits[\s\S]*homeport refusals/);
    assert.equal((await home.run('homeport', ['refusals', 'show'])).code, 2);
    const none = await home.run('homeport', ['refusals', 'show', '0'.repeat(16)]);
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /There is no refusal of this id/);
    assert.equal(none.stdout, '');
  });

  test('refusals prints a hostile name with its control characters escaped', async () => {
    const identity = makeSelfSigned('evil');
    const hostile = 'ev\u001b[31m\u202eil\u0007\u009b';
    const refused = openMqttConnection({
      clock: systemClock,
      network: { ca: home.ca },
      host: home.address,
      port: home.status.hub.mqttPort,
      identity: {
        certificatePem: identity.pem,
        privateKeyPem: String(identity.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      },
      connect: {
        clientId: hostile,
        userName: `${home.status.hub.hostName}/${hostile}/?api-version=2021-04-12`,
        keepAliveSeconds: 60,
        cleanSession: true,
      },
      onMessage: () => {},
    });
    await assert.rejects(refused, ConnectRefused);
    const output = await eventually(async () => {
      const { stdout } = await home.run('homeport', ['refusals', '--service', 'hub']);
      return stdout.includes('ev') ? stdout : undefined;
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(output, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    assert.ok(output.includes('ev\\u{1b}[31m\\u{202e}il\\u{7}\\u{9b}'), output);
    const json = await home.ok('homeport', ['refusals', '--json', '--service', 'hub']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    assert.doesNotMatch(json, /[\u001b\u009b\u202e]/);
  });

  describe('a device that signs in by key', () => {
    const create = (...words: string[]) =>
      home.run('homeport', ['hub', 'device', 'create', '--auth-method', 'shared_private_key', ...words]);
    const pattern = (deviceId: string) =>
      new RegExp(`^HostName=${home.address};DeviceId=${deviceId};SharedAccessKey=([A-Za-z0-9+/]+=*)$`);

    test('gets keys of 32 bytes, and its connection string is printed to who asks for secrets, and to nobody else', async () => {
      const { code, stdout } = await create('-d', 'key-1', '--json', '--secrets');
      assert.equal(code, 0);
      const made = JSON.parse(stdout);
      const key = pattern('key-1').exec(made.connectionString)?.[1] ?? '';
      assert.equal(Buffer.from(key, 'base64').length, 32);
      assert.deepEqual(made.authentication, { type: 'sas' });
      const shown = await home.ok('homeport', ['hub', 'device', 'show', '-d', 'key-1', '--json', '--secrets']);
      assert.equal(JSON.parse(shown).connectionString, made.connectionString);
      const lines = await home.ok('homeport', ['hub', 'device', 'show', '-d', 'key-1', '--secrets']);
      assert.ok(lines.includes(made.connectionString));
      const plain = [
        await home.ok('homeport', ['hub', 'device', 'show', '-d', 'key-1', '--json']),
        await home.ok('homeport', ['hub', 'device', 'show', '-d', 'key-1']),
        await home.ok('homeport', ['hub', 'device', 'list', '--json']),
        (await create('-d', 'key-2', '--primary-key', key)).stdout,
        home.log(),
      ];
      for (const text of plain) assert.equal(text.includes(key), false, text);
    });

    test('takes the key that somebody chose, and no other than base64 of 16 to 64 bytes', async () => {
      const key = Buffer.alloc(16, 4).toString('base64');
      const chosen = await create('-d', 'key-3', '--primary-key', key, '--secrets');
      assert.equal(pattern('key-3').exec(chosen.stdout.trim().split('\n').at(-1) ?? '')?.[1], key);
      for (const wrong of ['short', Buffer.alloc(15).toString('base64'), Buffer.alloc(65).toString('base64')]) {
        for (const option of ['--primary-key', '--secondary-key']) {
          const { code, stderr } = await create('-d', 'key-4', option, wrong);
          assert.notEqual(code, 0);
          assert.match(stderr, /base64 of 16 to 64 bytes/);
          assert.equal(stderr.includes(wrong), false);
        }
      }
      assert.notEqual((await home.run('homeport', ['hub', 'device', 'show', '-d', 'key-4'])).code, 0);
    });
  });
});

describe('the programs', () => {
  test('run under an old Node on the path by handing over to the pinned one', (t) => {
    const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
    const found = folders.map((folder) => join(folder, 'node')).find(existsSync);
    const version = found && spawnSync(found, ['--version'], { encoding: 'utf8' }).stdout.trim();
    const isOld = version !== undefined && Number(/^v(\d+)/.exec(version)?.[1]) < 24;
    t.diagnostic(isOld ? `handed over by ${version}` : 'no older Node on this machine; the pinned one ran');
    const node = isOld ? found : process.execPath;
    for (const program of ['homeport', 'azsphere']) {
      const { status, stdout, stderr } = spawnSync(node ?? process.execPath, [join(repository, 'bin', program), '--version'], {
        encoding: 'utf8',
      });
      assert.deepEqual([status, stderr], [0, ''], program);
      assert.match(stdout, /^\d+\.\d+\.\d+/, program);
    }
  });
});
