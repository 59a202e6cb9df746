import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lockDataDirectory } from '#server/data-directory-lock.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, runCommand, startHomeport } from '#test/support/start-homeport.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

type Cleanup = { after(fn: () => Promise<void>): void };

/** A server until the end of the test: the next one may want all addresses for itself. */
async function start(t: Cleanup, parameters?: readonly string[], environment?: Record<string, string>): Promise<RunningHomeport> {
  const home = await startHomeport(parameters, environment);
  t.after(() => home.close());
  return home;
}

/** What the server wrote beside its log. */
function lineOf(home: RunningHomeport, beginning: string): Promise<string> {
  return eventually(() =>
    home
      .log()
      .split('\n')
      .find((line) => line.startsWith(beginning)),
  );
}

/** What `homeport start` says when it does not start: for parameters that must be refused. */
function refusedStart(data: string, parameters: readonly string[] = []) {
  return runCommand('homeport', ['start', '--json', ...parameters], {}, data);
}

/** Takes the directory's lock, says so, and holds it until it is killed. */
const lockerSource = `
  import { lockDataDirectory } from '#server/data-directory-lock.ts';
  process.stdin.resume();
  // Kept: a lock that nobody refers to is collected, and with it the file that the kernel holds it by.
  globalThis.release = await lockDataDirectory(process.argv[1]).catch((error) => void console.log('refused', error.message));
  if (globalThis.release) console.log('took');
`;

/** Takes the port as another program would. */
async function occupy(t: { after(fn: () => void): void }, address: string, port: number): Promise<void> {
  const server = createServer();
  t.after(() => void server.close());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
}

describe('the start of a server', () => {
  test('a fresh data directory is made and served, and status says what exists and nothing else', async (t) => {
    const from = performance.now();
    const home = await start(t);
    t.diagnostic(`ready after ${Math.round(performance.now() - from)} ms`);
    const status = JSON.parse(await home.ok('homeport', ['status', '--json']));
    const hub = {
      hostName: 'string',
      mqttPort: 'number',
      amqpPort: 'number',
      httpsPort: 'number',
      events: { partitions: 'number', state: 'string', start: 'number', end: 'number' },
    };
    assert.deepEqual(shapeOf(status), {
      version: 'string',
      pid: 'number',
      startedAt: 'string',
      dataDirectory: 'string',
      health: { state: 'string', concerns: {} },
      address: 'string',
      ca: 'string',
      hub,
      hubs: { main: hub },
      dps: { hostName: 'string', idScope: 'string', mqttPort: 'number', httpsPort: 'number' },
      central: { url: 'string', applicationId: 'string' },
      sphere: { url: 'string', tenantId: 'string' },
      files: { hostName: 'string' },
    });
    assert.equal(status.address, home.address);
    assert.deepEqual([status.hub.mqttPort, status.hub.amqpPort, status.hub.httpsPort], [8883, 5671, 443]);
    assert.match(status.dps.idScope, /^0ne[0-9A-F]{8}$/);
    assert.equal(status.dataDirectory, home.data);
    // For people the same, line by line.
    const lines = await home.ok('homeport', ['status']);
    assert.match(lines, new RegExp(`^dps\\.idScope +${status.dps.idScope}$`, 'm'));
  });

  test('each call of status --secrets mints a token of 24 hours that opens Central’s API', async (t) => {
    const home = await start(t);
    const tokens: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { central } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
      tokens.push(central.apiToken);
    }
    assert.equal(new Set(tokens).size, 2);
    const url = `${home.status.central.url}/api/apiTokens?api-version=2022-07-31`;
    assert.equal((await askHttps(url, home.ca)).status, 401);
    for (const authorization of tokens) {
      const { status, text } = await askHttps(url, home.ca, { headers: { authorization } });
      assert.equal(status, 200);
      const { value } = JSON.parse(text) as { value: { id: string; expiry: string }[] };
      const mine = value.find(({ id }) => authorization.includes(id));
      const hours = (Date.parse(mine?.expiry ?? '') - Date.now()) / 3_600_000;
      assert.ok(hours > 23.9 && hours <= 24, `it lives ${hours} hours`);
    }
  });

  test('status --secrets prints a connection string for every access policy, the same after a restart; without it there is none', async (t) => {
    const home = await start(t);
    const secrets = async () => {
      const { hub, dps } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
      return { hub: hub.connectionStrings, dps: dps.connectionStrings };
    };
    const before = await secrets();
    assert.deepEqual(Object.keys(before.hub), ['iothubowner', 'service', 'device', 'registryRead', 'registryReadWrite']);
    assert.deepEqual(Object.keys(before.dps), ['provisioningserviceowner']);
    const all = [...Object.entries(before.hub), ...Object.entries(before.dps)].map(([name, text]) => {
      const key = new RegExp(`^HostName=${home.address};SharedAccessKeyName=${name};SharedAccessKey=([A-Za-z0-9+/]{43}=)$`);
      return key.exec(String(text))?.[1] ?? assert.fail(`${name}: ${text}`);
    });
    assert.equal(new Set(all).size, 6, 'every policy has a key of its own');
    const plain = await home.ok('homeport', ['status', '--json']);
    await home.stop();
    await home.restart();
    assert.deepEqual(await secrets(), before);
    for (const key of all) assert.ok(!plain.includes(key) && !home.log().includes(key));
  });

  test('SIGTERM ends it with 0 and leaves neither socket nor owner behind; what it was, it is again', async (t) => {
    const home = await start(t);
    const before = home.status;
    await home.ok('homeport', ['hub', 'device', 'create', '-d', 'stays', '--auth-method', 'x509_ca']);
    assert.equal(await home.stop(), 0, home.log());
    assert.ok(!existsSync(join(home.data, 'admin.sock')));
    assert.ok(!existsSync(join(home.data, 'pid')));
    await home.restart();
    const lasting = (status: typeof before) => ({ ...status, pid: 0, startedAt: '', hub: 0, hubs: Object.keys(status.hubs) });
    assert.deepEqual(lasting(home.status), lasting(before));
    assert.match(await home.ok('homeport', ['hub', 'device', 'list']), /^stays\b/m);
  });

  test('a killed server’s lock and socket are taken over', async (t) => {
    const home = await start(t);
    await home.kill();
    assert.ok(existsSync(join(home.data, 'admin.sock')), 'the socket was left behind');
    const away = await home.run('homeport', ['status']);
    assert.equal(away.code, 7);
    assert.match(away.stderr, /Nothing runs there/);
    const { pid } = home.status;
    await home.restart();
    assert.notEqual(JSON.parse(await home.ok('homeport', ['status', '--json'])).pid, pid);
  });

  test('a second start on the same data directory fails in words while the first goes on', async (t) => {
    const home = await start(t);
    const second = await refusedStart(home.data, ['--listen', '127.9.9.9']);
    assert.equal(second.code, 1);
    assert.equal(second.stdout, '');
    assert.match(
      second.stderr,
      new RegExp(
        `^error: The data directory ${home.data} is in use by another homeport \\(process ${home.status.pid}\\)\\.\n.*--data`,
      ),
    );
    assert.equal(JSON.parse(await home.ok('homeport', ['status', '--json'])).pid, home.status.pid);
    assert.equal(await home.stop(), 0);
  });

  test('of ten that start at once on one data directory, one runs', async (t) => {
    const data = temporaryDirectory(t);
    const children = Array.from({ length: 10 }, () =>
      spawn(process.execPath, ['--input-type=module', '--eval', lockerSource, data], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    t.after(() => children.forEach((child) => void child.kill('SIGKILL')));
    const ends = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    const said = await Promise.all(
      children.map((child) => new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))))),
    );
    assert.equal(said.filter((line) => line.startsWith('took')).length, 1, said.join(''));
    assert.equal(said.filter((line) => line.startsWith('refused The data directory')).length, 9, said.join(''));
    await assert.rejects(lockDataDirectory(data), /in use by another homeport/);
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ends);
    const release = await lockDataDirectory(data);
    await release();
  });

  test('where 443 is taken one line says so with the fix, and devices and services get 8444', async (t) => {
    const address = '127.77.0.1';
    await occupy(t, address, 443);
    const home = await start(t, ['--listen', address]);
    assert.equal(home.status.hub.httpsPort, 8444);
    assert.equal(
      await lineOf(home, 'Port 443'),
      "Port 443 is taken; devices and services use 8444, people 8443 as always. To mend it: ss -ltnp 'sport = :443' shows who holds it",
    );
    assert.equal(home.status.sphere.url, `https://${address}:8444`);
    assert.equal((await askHttps(`https://${address}:8444/`, home.ca)).status, 404);
  });

  test('where the port of MQTT is taken it does not start and says who to ask', async (t) => {
    await occupy(t, '127.77.0.2', 8883);
    const { code, stderr } = await refusedStart(join(temporaryDirectory(t), 'd'), ['--listen', '127.77.0.2']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: Port 8883 of 127\.77\.0\.2 is taken\.\n {2}.*--listen 127\.0\.0\.2\.\n {2}ss -ltnp 'sport = :8883'/m,
    );
  });

  test('beyond loopback it wants a host name, and then says port by port who can reach what', async (t) => {
    const data = join(temporaryDirectory(t), 'd');
    const refused = await refusedStart(data, ['--listen', '0.0.0.0']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /0\.0\.0\.0 can be reached from other machines.*\n.*\n.*--host-name NAME/);
    assert.ok(!existsSync(data), 'nothing was made');
    for (const wrong of ['a b', '-x', 'a/b', '']) {
      const { code } = await refusedStart(data, ['--listen', '0.0.0.0', '--host-name', wrong]);
      assert.notEqual(code, 0, `the host name '${wrong}'`);
    }
    assert.equal((await refusedStart(data, ['--listen', 'nowhere'])).code, 1);
    // Every address is everybody's: the standard ports would be taken from the servers of other tests.
    const ports = { MQTT: '28883', AMQP: '25671', HTTPS: '28444', PEOPLE: '28443' };
    const environment = Object.fromEntries(
      Object.entries(ports).map(([name, port]) => [`HOMEPORT_LISTENERS__${name}_PORT`, port]),
    );
    const home = await start(t, ['--listen', '0.0.0.0', '--host-name', 'iot.example', '--host-name', 'other.example'], {
      ...environment,
      HOMEPORT_FILES__PORT: '28445',
    });
    assert.match(
      await lineOf(home, 'Reachable'),
      /^Reachable from other machines on 0\.0\.0\.0: port 28883 \(devices, MQTT\), 25671 \(devices, AMQP\), 28444 \(devices and services, HTTPS\), 28443 \(people/,
    );
    assert.equal(home.status.hub.hostName, 'iot.example');
    assert.equal(home.status.central.url, 'https://iot.example:28443');
  });

  test('a path that no socket can have is refused before anything is made', async (t) => {
    const data = join(temporaryDirectory(t), 'x'.repeat(100));
    const { code, stderr } = await refusedStart(data);
    assert.equal(code, 1);
    assert.match(stderr, /^error: The path of the data directory is too long for the socket in it/);
    assert.match(stderr, /shorter --data DIRECTORY/);
    assert.ok(!existsSync(data));
  });

  test('an unknown setting in homeport.toml names the nearest one, and nothing starts', async (t) => {
    const data = temporaryDirectory(t);
    writeFileSync(join(data, 'homeport.toml'), '[listeners]\nmqttPrt = 1883\n');
    const { code, stderr } = await refusedStart(data);
    assert.equal(code, 2);
    assert.match(stderr, /There is no setting listeners\.mqttPrt \(from .*homeport\.toml\)\. Did you mean listeners\.mqttPort\?/);
    assert.ok(!existsSync(join(data, 'homeport.db')));
    const check = await runCommand('homeport', ['config', 'check'], {}, data);
    assert.equal(check.code, 1);
    assert.match(check.stderr, /Did you mean listeners\.mqttPort\?/);
  });

  test('config show prints every value and where it came from; config check agrees', async (t) => {
    const data = temporaryDirectory(t);
    writeFileSync(join(data, 'homeport.toml'), '[events]\nlingerMs = 5\n');
    const environment = { HOMEPORT_LISTENERS__PEOPLE_PORT: '9443' };
    const { code, stdout } = await runCommand('homeport', ['config', 'show', '--json'], { environment }, data);
    assert.equal(code, 0);
    const rows = JSON.parse(stdout) as { name: string; value: string; origin: string }[];
    const find = (wanted: string) => rows.find(({ name }) => name === wanted);
    assert.deepEqual([find('events.lingerMs')?.value, find('events.lingerMs')?.origin], ['5', join(data, 'homeport.toml')]);
    assert.equal(find('listeners.peoplePort')?.origin, 'HOMEPORT_LISTENERS__PEOPLE_PORT');
    assert.deepEqual([find('listeners.mqttPort')?.value, find('listeners.mqttPort')?.origin], ['8883', 'default']);
    const check = await runCommand('homeport', ['config', 'check'], { environment }, data);
    assert.deepEqual([check.code, check.stdout], [0, `${rows.length} settings, all of them valid\n`]);
    const wrong = await runCommand('homeport', ['config', 'check'], { environment: { HOMEPORT_EVENTS__PARTITIONS: '33' } }, data);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /events\.partitions \(from HOMEPORT_EVENTS__PARTITIONS\) must be a whole number from 1 to 32/);
  });
});

/** The names of a document's members with the kinds of their values. */
function shapeOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
}
