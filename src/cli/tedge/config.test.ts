import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { settingNames } from '#edge/settings/setting-keys.ts';
import { openTedgeBench, type TedgeBench } from '#test/support/tedge-bench.ts';

const silent = { code: 0, stdout: '', stderr: '' };
const write = (bench: TedgeBench, text: string) => {
  mkdirSync(bench.directory, { recursive: true });
  writeFileSync(bench.file, text);
};

describe('config', () => {
  test('thin-edge 15: what was set is printed again, alone on its line', async (t) => {
    const bench = openTedgeBench(t);
    assert.deepEqual(await bench.run('config set az.url h.example'), silent);
    assert.deepEqual(await bench.run('config get az.url'), { code: 0, stdout: 'h.example', stderr: '' });
    assert.equal(readFileSync(bench.file, 'utf8'), '[az]\nurl = "h.example"\n');
    assert.equal(statSync(bench.file).mode & 0o777, 0o644);
  });

  test('thin-edge 16, 17: dotted and underscored spellings of a key are one', async (t) => {
    for (const [older, newer, value] of [
      ['az.root.cert.path', 'az.root_cert_path', '/x.pem'],
      ['device.key.path', 'device.key_path', '/k.pem'],
      ['device.cert.path', 'device.cert_path', '/c.pem'],
      ['mqtt.port', 'mqtt.bind.port', '1884'],
      ['mqtt.bind_address', 'mqtt.bind.address', '127.0.0.2'],
      ['mqtt.external.port', 'mqtt.external.bind.port', '8884'],
      ['mqtt.external.capath', 'mqtt.external.ca_path', '/ca'],
      ['http.port', 'http.bind.port', '8001'],
      ['azure.url', 'az.url', 'hub'],
      ['az.mapper_timestamp', 'az.mapper.timestamp', 'false'],
    ] as const) {
      const bench = openTedgeBench(t);
      assert.deepEqual(await bench.run(`config set ${older} ${value}`), silent, older);
      assert.deepEqual(await bench.run(`config get ${newer}`), { code: 0, stdout: value, stderr: '' }, newer);
      await bench.run(`config unset ${newer}`);
      assert.deepEqual(await bench.run(`config set ${newer} ${value}`), silent, newer);
      assert.deepEqual(await bench.run(`config get ${older}`), { code: 0, stdout: value, stderr: '' }, older);
    }
  });

  test('thin-edge 18: a key without a value prints nothing on standard output, a sentence on the other, and exits with 1', async (t) => {
    const bench = openTedgeBench(t);
    const expected = { code: 1, stdout: '', stderr: "The provided config key: 'az.url' is not set" };
    assert.deepEqual(await bench.run('config get az.url'), expected);
    const id = await bench.run('config get device.id');
    assert.deepEqual([id.code, id.stdout], [1, '']);
    assert.match(id.stderr, /'device\.id' is not set\n.*tedge cert create/);
  });

  test('thin-edge 19: an unknown key exits with 2, names the nearest, and writes nothing', async (t) => {
    const bench = openTedgeBench(t);
    for (const line of ['config set az.urll x', 'config get az.urll', 'config unset az.urll']) {
      assert.deepEqual(await bench.run(line), {
        code: 2,
        stdout: '',
        stderr: "error: There is no setting 'az.urll'.\n  Did you mean az.url?",
      });
    }
    for (const key of ['', '.', '__proto__', 'constructor', 'az', 'AZ.URL', 'az.url.']) {
      assert.equal((await bench.runWords(['config', 'set', key, 'x'])).code, 2, key);
    }
    assert.equal(existsSync(bench.directory), false);
  });

  test('thin-edge 20: a hub with a scheme, a path or nothing at all is refused, and the old one stays', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('config set az.url old.example');
    const before = readFileSync(bench.file);
    for (const value of [
      'https://h',
      'h/',
      'h/x',
      '',
      ' h',
      'h:',
      'h:0',
      'h:99999',
      'h:1:2',
      'h?x',
      'h#x',
      'u@h',
      'h..x',
      '.h',
      'h_\n',
      'ü',
      '999.1.1.1',
      '[::1',
      '[zz]',
      '::1',
    ]) {
      const { code, stderr } = await bench.runWords(['config', 'set', 'az.url', value]);
      assert.equal(code, 1, value);
      assert.match(stderr, /^Error: failed to set 'az\.url'\n\nCaused by:\n {4}\S/, value);
      assert.deepEqual(readFileSync(bench.file), before, value);
    }
    for (const value of ['h', 'h.example:18883', '127.0.0.1', '[::1]:8883', 'localhost']) {
      assert.deepEqual(await bench.run(`config set az.url ${value}`), silent, value);
      assert.equal((await bench.run('config get az.url')).stdout, value);
    }
  });

  test('values of other kinds are refused with what would fit', async (t) => {
    const bench = openTedgeBench(t);
    for (const [key, value, complaint] of [
      ['mqtt.bind.port', '0', /a port from 1 to 65535/],
      ['mqtt.bind.port', '65536', /a port/],
      ['mqtt.bind.port', '1e3', /a port/],
      ['az.mapper.timestamp', 'yes', /true or false/],
      ['az.mapper.timestamp_format', 'iso', /unix or rfc-3339/],
      ['az.mapper.mqtt.max_payload_size', 'big', /a whole number/],
      ['az.bridge.keepalive_interval', '60 lightyears', /a duration/],
      ['az.bridge.keepalive_interval', '', /a duration/],
      ['certificate.validity.requested_duration', '200000d', /a duration/],
      ['az.root_cert_path', '', /a path/],
      ['device.type', 'a\u001b[2Jb', /control character/],
      ['device.type', 'x'.repeat(70_000), /too long/],
      ['device.id', 'a/b', /1 to 64 characters/],
      ['az.topics', 'a,,b', /commas/],
    ] as const) {
      const result = await bench.runWords(['config', 'set', key, value]);
      assert.equal(result.code, 1, `${key}=${value}`);
      assert.match(result.stderr, complaint);
      assert.ok(!result.stderr.includes('\u001b'));
    }
    assert.equal(existsSync(bench.directory), false);
  });

  test('a list is set with commas and printed as JSON writes it', async (t) => {
    const bench = openTedgeBench(t);
    for (const value of ['te/+/+, b', '["te/+/+", "b"]']) {
      await bench.runWords(['config', 'set', 'az.topics', value]);
      assert.equal((await bench.run('config get az.topics')).stdout, '["te/+/+", "b"]');
    }
    assert.equal(readFileSync(bench.file, 'utf8'), '[az]\ntopics = [ "te/+/+", "b" ]\n');
  });

  test('thin-edge 21: unset makes get fail again, and a second time is fine', async (t) => {
    const bench = openTedgeBench(t);
    assert.deepEqual(await bench.run('config unset az.url'), silent);
    assert.equal(existsSync(bench.file), false);
    await bench.run('config set az.url h.example');
    await bench.run('config set device.type pump');
    assert.deepEqual(await bench.run('config unset az.url'), silent);
    assert.equal((await bench.run('config get az.url')).code, 1);
    assert.deepEqual(await bench.run('config unset az.url'), silent);
    assert.equal((await bench.run('config get device.type')).stdout, 'pump');
    assert.deepEqual(await bench.run('config unset device.type'), silent);
    assert.equal((await bench.run('config get device.type')).stdout, 'thin-edge.io');
  });

  test('thin-edge 22: list shows what has a value; with --all an empty line and the others follow', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('config set az.url h.example');
    assert.equal(
      (await bench.run('config list az.')).stdout.replace(/^az\.topics.*$/m, 'az.topics=[…]'),
      [
        'az.url=h.example',
        'az.root_cert_path=/etc/ssl/certs',
        `az.device.key_path=${bench.key}`,
        `az.device.cert_path=${bench.certificate}`,
        'az.device.token_duration=1h',
        'az.https.port=443',
        'az.topics=[…]',
        'az.children=message',
        'az.mapper.timestamp=true',
        'az.mapper.timestamp_format=unix',
        'az.mapper.strict=false',
        'az.mapper.cleared_alarms=false',
        'az.mapper.twin=false',
        'az.mapper.content_type=false',
        'az.mapper.operations=true',
        'az.mapper.mqtt.max_payload_size=262144',
        'az.bridge.topic_prefix=az',
        'az.bridge.keepalive_interval=60s',
      ].join('\n'),
    );
    const [present = '', absent = '', ...more] = (await bench.run('config list --all')).stdout.split('\n\n');
    assert.deepEqual(more, []);
    assert.equal((await bench.run('config list')).stdout, present);
    assert.ok(present.split('\n').every((line) => /^[a-z_.]+=.+$/.test(line)));
    assert.ok(absent.split('\n').every((line) => /^[a-z_.]+=$/.test(line)));
    assert.equal(present.split('\n').length + absent.split('\n').length, settingNames.length);
    assert.deepEqual(await bench.run('config list nothing-like-this --all'), silent);
  });

  test('list --doc says what each is for', async (t) => {
    const lines = (await openTedgeBench(t).run('config list --doc')).stdout.split('\n');
    assert.equal(lines.length, settingNames.length);
    assert.ok(lines.every((line) => /^[a-z_.]+ {2,}[A-Z]/.test(line)));
  });

  test('thin-edge 23: the environment wins for one invocation, in the same spellings and by the same rules', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('config set az.url file.example');
    assert.equal((await bench.run('config get az.url', { TEDGE_AZ_URL: 'env.example' })).stdout, 'env.example');
    assert.equal((await bench.run('config get mqtt.bind.port', { TEDGE_MQTT_PORT: '1999' })).stdout, '1999');
    assert.equal((await bench.run('config get az.url')).stdout, 'file.example');
    assert.equal((await bench.run('config get az.url', { TEDGE_AZ_URL: '' })).stdout, 'file.example');
    const bad = await bench.run('config get az.url', { TEDGE_AZ_URL: 'https://x' });
    assert.deepEqual([bad.code, bad.stdout], [1, '']);
    const unknown = await bench.run('config get az.url', { TEDGE_AZ_URI: 'x' });
    assert.deepEqual([unknown.code, unknown.stdout], [0, 'file.example']);
    assert.equal(unknown.stderr, 'warning: TEDGE_AZ_URI in the environment is no setting and is ignored.');
    assert.equal((await bench.run('config get az.url', { TEDGE_CLOUD_PROFILE: 'two' })).code, 1);
  });

  test('thin-edge 25: a file of the first generation loads, and is written on in the newest spelling', async (t) => {
    const bench = openTedgeBench(t);
    write(
      bench,
      '[device]\nkey_path = "/k"\n[azure]\nurl = "old.example"\nroot_cert_path = "/r"\nmapper_timestamp = false\n[mqtt]\nport = 1884\n',
    );
    for (const [key, value] of [
      ['az.url', 'old.example'],
      ['az.root.cert.path', '/r'],
      ['az.mapper.timestamp', 'false'],
      ['mqtt.bind.port', '1884'],
      ['mqtt.client.port', '1884'],
      ['az.device.key_path', '/k'],
    ] as const) {
      assert.deepEqual(await bench.run(`config get ${key}`), { code: 0, stdout: value, stderr: '' }, key);
    }
    await bench.run('config set az.url new.example');
    await bench.run('config set az.mapper.timestamp true');
    assert.equal((await bench.run('config get azure.url')).stdout, 'new.example');
    const text = readFileSync(bench.file, 'utf8');
    assert.ok(!text.includes('old.example') && !text.includes('mapper_timestamp'), text);
  });

  test('the newest spelling counts where a file says it twice', async (t) => {
    const bench = openTedgeBench(t);
    write(bench, '[azure]\nurl = "old.example"\n[az]\nurl = "new.example"\n');
    assert.equal((await bench.run('config get az.url')).stdout, 'new.example');
    await bench.run('config unset az.url');
    assert.equal(readFileSync(bench.file, 'utf8').trim(), '');
  });

  test('what is no setting of ours is named in a warning and kept as it is', async (t) => {
    const bench = openTedgeBench(t);
    write(
      bench,
      '[c8y]\nurl = "c8y.example"\nratio = 1.0\ncount = 9007199254740993\nat = 2026-01-01T00:00:00Z\n[[c8y.list]]\na = 1\n',
    );
    const { code, stdout, stderr } = await bench.run('config get az.root_cert_path');
    assert.deepEqual([code, stdout], [0, '/etc/ssl/certs']);
    assert.ok(stderr.includes(`warning: 'c8y.url' in ${bench.file} is no setting and is ignored.`));
    await bench.run('config set az.url h.example');
    const text = readFileSync(bench.file, 'utf8');
    for (const line of [
      'ratio = 1.0',
      'count = 9007199254740993',
      'at = 2026-01-01T00:00:00',
      'url = "c8y.example"',
      '[[c8y.list]]',
    ]) {
      assert.ok(text.includes(line), `${line}\n${text}`);
    }
  });

  test('a file that is no TOML, or too large, is refused and left alone', async (t) => {
    const bench = openTedgeBench(t);
    for (const text of ['[az\n', 'a = = b', '[__proto__]\nx = 1\n', `# ${'x'.repeat(1024 * 1024)}\n`]) {
      write(bench, text);
      for (const line of ['config get az.url', 'config set az.url h', 'config list']) {
        const { code, stdout, stderr } = await bench.run(line);
        assert.deepEqual([code, stdout], [1, ''], `${line} ${text.slice(0, 20)}`);
        assert.ok(stderr.includes(bench.file), stderr);
      }
      assert.equal(readFileSync(bench.file, 'utf8'), text);
    }
    rmSync(bench.file);
    mkdirSync(bench.file);
    assert.equal((await bench.run('config set az.url h')).code, 1);
  });

  test('a value of the wrong kind in the file is refused by name, hinders no other setting, and can be mended', async (t) => {
    const bench = openTedgeBench(t);
    write(bench, '[mqtt.bind]\nport = "many"\n[az]\nurl = 5.5\ntopics = [ 1 ]\nroot_cert_path = "/r"\n');
    for (const key of ['mqtt.bind.port', 'az.topics']) {
      const { code, stderr } = await bench.run(`config get ${key}`);
      assert.equal(code, 1);
      assert.ok(stderr.includes(`'${key}'`), stderr);
    }
    assert.equal((await bench.run('config get az.root_cert_path')).stdout, '/r');
    assert.deepEqual(await bench.run('config set mqtt.bind.port 1885'), silent);
    assert.equal((await bench.run('config get mqtt.bind.port')).stdout, '1885');
  });

  test('a section that is a value has no room for settings', async (t) => {
    const bench = openTedgeBench(t);
    write(bench, 'az = "x"\n');
    const { code, stderr } = await bench.run('config set az.mapper.timestamp true');
    assert.equal(code, 1);
    assert.match(stderr, /'az' is not a section/);
    assert.equal(readFileSync(bench.file, 'utf8'), 'az = "x"\n');
  });

  test('device.id is the certificate’s name while there is one, and the configured one before and after', async (t) => {
    const bench = openTedgeBench(t);
    await bench.run('config set device.id configured');
    assert.equal((await bench.run('config get device.id')).stdout, 'configured');
    await bench.run('cert create --device-id certified');
    for (const key of ['device.id', 'az.device.id']) assert.equal((await bench.run(`config get ${key}`)).stdout, 'certified');
    assert.match((await bench.run('config list device')).stdout, /^device\.id=certified$/m);
    await bench.run('cert remove');
    assert.equal((await bench.run('config get az.device.id')).stdout, 'configured');
  });
});

describe('config add and remove', () => {
  test('change a list from the value that holds, and only once', async (t) => {
    const bench = openTedgeBench(t);
    const topics = async () => JSON.parse((await bench.run('config get az.topics')).stdout);
    const before = await topics();
    for (let i = 0; i < 2; i++) assert.equal((await bench.run('config add az.topics te/+/+/+/+/m/env')).code, 0);
    assert.deepEqual(await topics(), [...before, 'te/+/+/+/+/m/env']);
    for (let i = 0; i < 2; i++) assert.equal((await bench.run('config remove az.topics te/+/+/+/+/m/env')).code, 0);
    assert.deepEqual(await topics(), before);
  });

  test('what is no list, or more than one item, is refused', async (t) => {
    const bench = openTedgeBench(t);
    for (const [line, code, text] of [
      ['config add az.url x', 1, /'az\.url' is no list/],
      ['config remove mqtt.bind.port 1', 1, /is no list/],
      ['config add az.topics a,b', 1, /one text at a time/],
      ['config add az.topics', 2, /needs VALUE/],
      ['config add az.topic x', 2, /Did you mean az\.topics/],
    ] as const) {
      const answer = await bench.run(line);
      assert.equal(answer.code, code, line);
      assert.match(answer.stderr, text, line);
    }
  });
});
