import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { openEmbeddedBroker } from '#edge/broker/embedded-broker.ts';
import { openTedgeBench } from '#test/support/tedge-bench.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

/** An installation with a service manager of the administrator's, which notes what it is told and starts nothing: the broker is there already. */
async function openManaged(t: TestContext, init: Record<string, string> = {}) {
  const bench = openTedgeBench(t);
  const folder = temporaryDirectory(t);
  const orders = join(folder, 'orders');
  const rc = join(folder, 'rc');
  writeFileSync(orders, '');
  writeFileSync(
    rc,
    `#!/bin/sh\necho "$*" >> ${orders}\n[ "$1" != "$(cat ${folder}/fails 2>/dev/null)" ] || { echo "no such luck"; exit 3; }\n`,
  );
  chmodSync(rc, 0o755);
  const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept: () => undefined });
  t.after(() => broker.close());
  await bench.run('cert create --device-id my-device');
  await bench.run('config set az.url 127.0.0.1:1');
  await bench.run(`config set az.root_cert_path ${bench.certificate}`);
  await bench.run(`config set mqtt.bind.port ${broker.port}`);
  const verbs = { is_available: '["rc", "check"]', restart: '["rc", "restart", "{}"]', stop: '["rc", "stop", "{}"]' };
  const more = { enable: '["rc", "add", "{}", "default"]', disable: '["rc", "del", "{}"]', is_active: '["rc", "status", "{}"]' };
  const lines = Object.entries({ name: '"OpenRC"', ...verbs, ...more, ...init }).map(([verb, words]) => `${verb} = ${words}`);
  writeFileSync(join(bench.directory, 'system.toml'), `[init]\n${lines.join('\n').replaceAll('"rc"', JSON.stringify(rc))}\n`);
  return {
    ...bench,
    run: bench.run.bind(bench),
    bridgeFile: join(bench.directory, 'mosquitto-conf/az-bridge.conf'),
    rc,
    fail: (verb: string) => writeFileSync(join(folder, 'fails'), verb),
    /** What the manager was told since the last call. */
    orders() {
      const text = readFileSync(orders, 'utf8');
      writeFileSync(orders, '');
      return text.trim().split('\n');
    },
  };
}

const program = [process.execPath, join(import.meta.dirname, '../../../bin/tedge')];

/** As a user whom the modes of files keep out, root included. */
async function runWithoutCapabilities(directory: string, words: readonly string[]): Promise<{ code: number; stderr: string }> {
  const child = spawn('setpriv', ['--bounding-set=-all', '--inh-caps=-all', ...words], {
    env: { PATH: process.env.PATH, TEDGE_CONFIG_DIR: directory },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, stderr };
}

describe('tedge connect, beside what it starts', () => {
  test('thin-edge 30: without az.url it exits with 1 and says how to set it; no bridge file is left', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    for (const line of ['connect az', 'reconnect az']) {
      const { code, stdout, stderr } = await bench.run(line);
      assert.deepEqual([code, stdout], [1, ''], line);
      assert.match(stderr, /'az\.url' is not set\.\n {4}Run 'tedge config set az\.url HOST'\.$/, line);
    }
    assert.ok(!existsSync(join(bench.directory, 'mosquitto-conf')));
  });

  test('thin-edge 32: without certificate, key or root it exits with 1 before anything is restarted', async (t) => {
    const bench = await openManaged(t);
    const other = openTedgeBench(t);
    await other.run('cert create --device-id my-device');
    const { stdout: root } = await bench.run('config get az.root_cert_path');
    for (const [spoil, pattern] of [
      ['config set az.root_cert_path /nowhere/root.pem', /There is no \/nowhere\/root\.pem\.\n {4}'az\.root_cert_path' names/],
      [`config set az.root_cert_path ${bench.key}`, /tedge-private-key\.pem holds no certificate/],
      [`config set device.key_path ${other.key}`, /tedge-private-key\.pem is not the key of /],
      ['config set device.key_path /nowhere/key.pem', /There is no key file \/nowhere\/key\.pem\.\n {4}Run 'tedge cert create'/],
      [
        'config set device.cert_path /nowhere/cert.pem',
        /There is no certificate file \/nowhere\/cert\.pem\.\n {4}Run 'tedge cert create'/,
      ],
    ] as const) {
      await bench.run(spoil);
      for (const line of ['connect az', 'reconnect az', 'connect az --offline']) {
        const { code, stderr } = await bench.run(line);
        assert.equal(code, 1, line);
        assert.match(stderr, pattern, line);
      }
      for (const line of [
        `config set az.root_cert_path ${root}`,
        'config unset device.key_path',
        'config unset device.cert_path',
      ]) {
        await bench.run(line);
      }
    }
    assert.ok(!existsSync(bench.bridgeFile));
    // Asked whether it is there, and told nothing.
    assert.deepEqual(new Set(bench.orders()), new Set(['check']));
  });

  test('a device that signs in with a key connects without a certificate; a key that is none is told first, and mosquitto gets none', async (t) => {
    const bench = await openManaged(t);
    const root = join(bench.directory, 'root.pem');
    writeFileSync(root, readFileSync(bench.certificate));
    await bench.run(`config set az.root_cert_path ${root}`);
    await bench.run('cert remove');
    await bench.run('config set az.device.id my-device');
    const key = join(bench.directory, 'key');
    await bench.run(`config set az.device.symmetric_key_path ${key}`);
    assert.match((await bench.run('connect az --offline')).stderr, /There is no .*key\.$/m);
    writeFileSync(key, 'no key');
    const wrong = await bench.run('connect az --offline');
    assert.match(wrong.stderr, /holds no key: base64 of 16 to 64 bytes/);
    assert.ok(!existsSync(bench.bridgeFile));
    writeFileSync(key, Buffer.alloc(32, 7).toString('base64'));
    const { code, stderr } = await bench.run('connect az --offline');
    assert.deepEqual([code, stderr], [0, '']);
    await bench.run('disconnect az');
    await bench.run('config set mqtt.bridge.built_in false');
    assert.match((await bench.run('connect az')).stderr, /mosquitto renews no tokens/);
  });

  test('a service manager of the administrator’s is asked by the words of system.toml, and claimed to start it on reboot', async (t) => {
    const bench = await openManaged(t);
    const { code, stdout, stderr } = await bench.run('connect az --offline');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^Checking if OpenRC is available\.\n\n/);
    assert.match(stdout, /\nPersisting tedge-mapper-az on reboot\.\n\nSuccessfully created bridge connection!\n$/);
    const name = 'tedge-mapper-az';
    assert.deepEqual(bench.orders(), ['check', `restart ${name}`, `status ${name}`, `add ${name} default`]);
    const ended = await bench.run('disconnect az');
    assert.deepEqual([ended.code, ended.stderr], [0, '']);
    assert.match(
      ended.stdout,
      /Stopping tedge-mapper-az service\.\n\nDisabling .*\n\ntedge-mapper-az service successfully stopped and disabled!/,
    );
    assert.deepEqual(bench.orders(), ['check', `stop ${name}`, `del ${name}`]);
  });

  test('a verb that fails ends it with 1: connecting leaves nothing, disconnecting may be done again', async (t) => {
    const bench = await openManaged(t);
    for (const verb of ['restart', 'status', 'add']) {
      bench.fail(verb);
      const { code, stderr } = await bench.run('connect az --offline');
      assert.equal(code, 1, verb);
      assert.match(
        stderr,
        verb === 'status'
          ? /was started and does not run/
          : /rc (restart|add) tedge-mapper-az.*' ended with 3:\n {4}no such luck/,
      );
      assert.ok(!existsSync(bench.bridgeFile), verb);
      assert.ok(bench.orders().includes('stop tedge-mapper-az'), verb);
    }
    bench.fail('stop');
    assert.equal((await bench.run('connect az --offline')).code, 0);
    assert.equal((await bench.run('disconnect az')).code, 1);
    assert.ok(existsSync(bench.bridgeFile));
    bench.fail('');
    assert.equal((await bench.run('disconnect az')).code, 0);
    assert.ok(!existsSync(bench.bridgeFile));
  });

  test('a system.toml that leaves out a verb, is no TOML, or names a manager that is not there is told before anything is done', async (t) => {
    for (const [init, pattern] of [
      [{ restart: '"rc restart {}"' }, /'init\.restart' in .*system\.toml is not a list of a program and its arguments/],
      [{ name: '[' }, /system\.toml/],
      [
        { is_available: '["/nowhere/rc"]' },
        /The service manager 'OpenRC' of system\.toml is not available: '\/nowhere\/rc' fails/,
      ],
    ] as const) {
      const bench = await openManaged(t, init);
      const { code, stdout, stderr } = await bench.run('connect az');
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, pattern);
    }
  });

  test('thin-edge 36: where nothing is connected, disconnecting and refreshing say so and exit with 0, also where no service manager could connect', async (t) => {
    const dead = await openManaged(t, { is_available: '["/nowhere/rc"]' });
    const none = openTedgeBench(t);
    for (const bench of [dead, none]) {
      await bench.run('config set mqtt.bridge.built_in false');
      for (const line of ['disconnect az', 'refresh-bridges']) {
        const { code, stdout, stderr } = await bench.run(line);
        assert.deepEqual([code, stderr], [0, ''], line);
        assert.match(stdout, /Bridge doesn't exist\. Operation finished!$/, line);
      }
      const { code, stderr } = await bench.run('connect az --test');
      assert.equal(code, 1);
      assert.match(stderr, /The device is not connected to Azure\./);
    }
  });

  test('wrong use exits with 2 and does nothing; other clouds are not there', async (t) => {
    const bench = openTedgeBench(t);
    for (const line of [
      'connect',
      'connect azure',
      'connect az --tst',
      'connect az az',
      'connect az --test --offline',
      'disconnect',
      'reconnect az --test',
      'init x',
      'refresh-bridges az',
      'connect az --log-level loud',
    ]) {
      const { code, stdout, stderr } = await bench.run(line);
      assert.deepEqual([code, stdout], [2, ''], line);
      assert.match(stderr, /^error: /, line);
    }
    for (const line of ['connect c8y', 'disconnect aws', 'connect az --profile x']) {
      assert.match((await bench.run(line)).stderr, /is not supported by this build/, line);
    }
    const { code, stdout } = await bench.run('refresh-bridges');
    assert.deepEqual([code, stdout], [0, "Bridge doesn't exist. Operation finished!"]);
    assert.ok(!existsSync(bench.directory));
  });

  test('init makes the directories, for their group to write, whatever the umask, and may be done again', async (t) => {
    const bench = openTedgeBench(t);
    const old = process.umask(0o077);
    t.after(() => void process.umask(old));
    mkdirSync(join(bench.directory, 'plugins'), { recursive: true });
    for (const line of ['init', 'init --relative-links', 'init --user root --group root']) {
      assert.deepEqual(await bench.run(line), { code: 0, stdout: '', stderr: '' }, line);
    }
    for (const name of ['', 'mosquitto-conf', 'operations', 'plugins', 'sm-plugins', 'device-certs', 'mappers', 'data', 'log']) {
      assert.equal(statSync(join(bench.directory, name)).mode & 0o7777, 0o775, name);
    }
    const { code, stderr } = await bench.run('init --user nobody-of-this-name');
    assert.equal(code, 1);
    assert.match(stderr, /This machine has no user 'nobody-of-this-name'\./);
  });

  test('a service of somebody else’s is told as one, in words, and left alone', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('cert create --device-id my-device');
    await bench.run('config set az.url 127.0.0.1:1');
    await bench.run(`config set az.root_cert_path ${bench.certificate}`);
    const lock = join(bench.directory, 'run/lock/tedge-mapper-az.lock');
    mkdirSync(join(lock, '..'), { recursive: true });
    writeFileSync(lock, '');
    chmodSync(lock, 0);
    const { code, stderr } = await runWithoutCapabilities(bench.directory, [...program, 'connect', 'az', '--offline']);
    assert.equal(code, 1);
    assert.match(stderr, /Permission denied: .*tedge-mapper-az\.lock\./);
  });

  test('thin-edge 26: what one user configured is enough for another to publish, who cannot read the key', async (t) => {
    const bench = openTedgeBench(t);
    const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept: () => undefined });
    t.after(() => broker.close());
    const old = process.umask(0o022);
    t.after(() => void process.umask(old));
    await bench.run('cert create --device-id my-device');
    await bench.run(`config set mqtt.bind.port ${broker.port}`);
    assert.equal(statSync(bench.file).mode & 0o777, 0o644);
    assert.equal(statSync(bench.key).mode & 0o777, 0o400);
    // Without any capability the owner himself is kept out by this mode, as another user is by 0400.
    chmodSync(bench.key, 0);
    const asOther = async (...words: string[]) => (await runWithoutCapabilities(bench.directory, words)).code;
    assert.equal(await asOther('test', '-r', bench.key), 1);
    assert.equal(await asOther(...program, 'mqtt', 'pub', 'az/messages/events/', '{"temperature": 20}'), 0);
  });
});
