import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import iothub from 'azure-iothub';
import type { JsonObject } from '#base/json.ts';
import type { ServerStatus } from '#server/status.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { type Edge, openEdge, placeEdge } from '#test/support/edge-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';

type Told = { value: JsonObject; ac: number; av: number; ad: string };

const machine = join(import.meta.dirname, '../../support/restarted-machine.ts');

/**
 * Goal: what a back end wishes in the twin is done on the device once, and the twin tells how it went (thin-edge.md 13; driven by the twin it is ours).
 * Method: `tedge run all` as a process beside a real server; azure-iothub changes the desired properties and reads the reported ones; files
 * are what an operator downloads.
 */
describe('operations of the agent, driven by the twin', () => {
  let bench: CompatBench;
  let registry: iothub.Registry;
  before(async () => {
    bench = await openCompatBench();
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
    const { hub } = JSON.parse(await bench.home.ok('homeport', ['status', '--json', '--secrets'])) as ServerStatus;
    registry = iothub.Registry.fromConnectionString(hub.connectionStrings?.iothubowner ?? '');
  });
  after(() => bench?.close());

  async function openDevice(t: TestContext, deviceId: string) {
    return furnish(await openEdge(t, bench, deviceId));
  }

  function furnish(edge: Edge) {
    const { deviceId } = edge;
    const file = (name: string) => join(edge.folder, name);
    const write = (name: string, text: string, mode = 0o644) => {
      writeFileSync(file(name), text, { mode });
      return file(name);
    };
    for (const name of ['plugins', 'sm-plugins', 'logs']) mkdirSync(file(name));
    const bootIdPath = write('boot_id', 'first');
    return {
      edge,
      file,
      write,
      start: (more: Readonly<Record<string, string>> = {}) => edge.start(more, [machine, bootIdPath]),
      wish: (desired: JsonObject) => registry.updateTwin(deviceId, { properties: { desired } }, '*'),
      /** What the twin says of the operation, once that is so. */
      told: (operation: string, isSo: (told: Told) => boolean) =>
        eventually(async () => {
          const { responseBody } = await registry.getTwin(deviceId);
          const told = responseBody.properties.reported[operation] as Told | undefined;
          return told?.value && isSo(told) ? told : undefined;
        }, 60_000).catch((error: unknown) => {
          throw new Error(`${operation} was not told so:\n${edge.log()}`, { cause: error });
        }),
      /** A file of the device's at the hub, as an operator gets it. */
      async uploaded(blob: unknown): Promise<string> {
        await bench.home.ok('homeport', ['hub', 'file', 'download', '--name', String(blob), '--path', 'got', '--force']);
        return readFileSync(join(bench.home.folder, 'got'), 'utf8');
      },
    };
  }

  const ended = (id: string) => (told: Told) => told.value.id === id && /^(successful|failed)$/.test(String(told.value.status));

  test('section 13: logs and configuration files that the device lists go up, a configuration is changed, and the twin tells where and how', async (t) => {
    const { edge, file, write, start, wish, told, uploaded } = await openDevice(t, 'op-files');
    write('logs/app.log', 'one\ntwo\nthree\n');
    const conf = write('app.conf', 'old', 0o640);
    write('plugins/tedge-log-plugin.toml', `files = [{ type = "app", path = "${file('logs')}/*.log" }]\n`);
    write('plugins/tedge-configuration-plugin.toml', `files = [{ type = "app", path = "${conf}" }]\n`);
    // While the device is away: it finds what was wished when it comes.
    await wish({ log_upload: { id: 'l1', type: 'app', lines: 2 }, other: { id: '1' } });
    await start();
    await edge.connected();
    const log = await told('log_upload', ended('l1'));
    assert.deepEqual(
      [log.ac, log.ad, log.value],
      [200, 'successful', { id: 'l1', status: 'successful', blob: log.value.blob ?? '' }],
    );
    assert.equal(await uploaded(log.value.blob), `filename: ${file('logs')}/app.log\ntwo\nthree\n`);

    await wish({ config_snapshot: { id: 's1', type: 'app' } });
    const snapshot = await told('config_snapshot', ended('s1'));
    assert.equal(await uploaded(snapshot.value.blob), 'old');

    await wish({ config_update: { id: 7, type: 'app', content: 'new' } });
    const update = await told('config_update', ended('7'));
    assert.deepEqual(update.value, { id: '7', status: 'successful', path: conf });
    assert.equal(readFileSync(conf, 'utf8'), 'new');
    assert.equal(statSync(conf).mode & 0o777, 0o640);
    const { responseBody } = await registry.getTwin('op-files');
    assert.equal(update.av, responseBody.properties.desired.$version);
    assert.ok(!('other' in responseBody.properties.reported));
  });

  test('section 13: a device that signs in with a key uploads by a token, and fetches what it is to have; what it cannot fetch leaves the file as it was', async (t) => {
    const key = Buffer.alloc(32, 9).toString('base64');
    const words = ['--auth-method', 'shared_private_key', '--primary-key', key];
    await bench.home.ok('homeport', ['hub', 'device', 'create', '-d', 'op-key', ...words]);
    const settings = { TEDGE_DEVICE_ID: 'op-key', TEDGE_AZ_DEVICE_SYMMETRIC_KEY_PATH: 'device.key' };
    const { edge, write, start, wish, told, uploaded } = furnish(placeEdge(t, bench, 'op-key', undefined, settings));
    write('device.key', `${key}\n`, 0o600);
    const conf = write('app.conf', 'old');
    write('plugins/tedge-configuration-plugin.toml', `files = [{ type = "app", path = "${conf}" }]\n`);
    await start();
    await edge.connected();
    await wish({ config_snapshot: { id: 's1', type: 'app' } });
    const snapshot = await told('config_snapshot', ended('s1'));
    assert.equal(await uploaded(snapshot.value.blob), 'old');
    // Of a server that the hub's CA vouches for; what it answers is no file.
    const remoteUrl = `https://${bench.home.address}:${bench.home.status.hub.httpsPort}/none?sig=secret`;
    await wish({ config_update: { id: 'u1', type: 'app', remoteUrl } });
    const update = await told('config_update', ended('u1'));
    assert.match(update.ad, /answered with status 40\d/);
    assert.ok(!update.ad.includes('secret') && !edge.log().includes('secret'));
    assert.equal(readFileSync(conf, 'utf8'), 'old');
    const { url } = bench.home.status.central;
    await wish({ config_update: { id: 'u2', remoteUrl: url } });
    await told('config_update', (state) => ended('u2')(state) && state.ac === 200);
    assert.equal(readFileSync(conf, 'utf8'), (await askHttps(url, bench.home.ca)).text);
  });

  test('section 13: what fails or cannot be asked says why, and nothing is done twice', async (t) => {
    const { edge, file, write, start, wish, told } = await openDevice(t, 'op-wrong');
    const conf = write('app.conf', 'old');
    write('plugins/tedge-configuration-plugin.toml', `files = [{ type = "app", path = "${conf}" }]\n`);
    await start({ TEDGE_AGENT_ENABLE_RESTART: 'false' });
    await edge.connected();
    await wish({ config_snapshot: { id: '1', type: '/etc/shadow' }, config_update: { content: 'x' }, restart: { id: '1' } });
    const failed = await told('config_snapshot', ended('1'));
    assert.deepEqual([failed.ac, failed.value.status], [500, 'failed']);
    assert.match(failed.ad, /lists no type '\/etc\/shadow'/);
    assert.match((await told('config_update', ({ ac }) => ac === 400)).ad, /'id' is a text/);
    assert.match((await told('restart', ({ ac }) => ac === 403)).ad, /turned off/);

    await wish({ config_update: { id: 'u1', type: 'app', content: 'first' } });
    await told('config_update', ended('u1'));
    write('app.conf', 'by hand');
    await wish({ config_update: { content: 'second' } });
    assert.match((await told('config_update', ({ ac }) => ac === 409)).ad, /new id/);
    await wish({ config_update: { content: 'first' }, unrelated: 1 });
    await told('config_update', ({ ac }) => ac === 200);
    assert.equal(readFileSync(file('app.conf'), 'utf8'), 'by hand');
  });

  test('section 13: a restart has succeeded when the machine was started anew; an agent that was killed meanwhile does not restart it again, and IoT Central shows how far it is', async (t) => {
    const { dps } = bench.home.status;
    const dpsUrl = `${bench.home.address}:${dps.mqttPort}`;
    const settings = { TEDGE_AZ_URL: '', TEDGE_AZ_DPS_URL: dpsUrl, TEDGE_AZ_DPS_ID_SCOPE: dps.idScope };
    // By way of DPS, since IoT Central shows whom it has provisioned.
    const placed = placeEdge(t, bench, 'op-restart', bench.leafOf('op-restart'), settings);
    const { edge, file, write, start, wish, told, uploaded } = furnish(placed);
    /** What IoT Central's page of the device says of it. */
    const shown = async () => {
      const { value } = await bench.central.ok('GET', '/api/ui/devices/op-restart/properties');
      const row = (value as JsonObject[]).find(({ name }) => name === 'restart');
      return { state: row?.state, ackCode: row?.ackCode, ackDescription: row?.ackDescription };
    };
    write('system.toml', `[system]\nreboot = ["sh", "-c", "echo again >> ${file('reboots')}"]\n`);
    await start();
    await edge.connected();
    await wish({ restart: { id: 'r1' } });
    const under = await told('restart', ({ value }) => value.status === 'executing');
    assert.deepEqual([under.ac, under.ad], [202, 'executing']);
    assert.deepEqual(await shown(), { state: 'Accepted', ackCode: 202, ackDescription: 'executing' });
    await eventually(() => (readFileSync(file('reboots'), 'utf8') === 'again\n' ? true : undefined));
    await edge.end('SIGKILL');
    // The process came back and the machine did not: that is no restart.
    await start();
    await edge.connected();
    await wish({ unrelated: 1 });
    await told('restart', ({ value, av }) => value.status === 'executing' && av > under.av);
    await edge.end('SIGKILL');
    write('boot_id', 'second');
    await start();
    assert.equal((await told('restart', ended('r1'))).value.status, 'successful');
    assert.deepEqual(await shown(), { state: 'Accepted', ackCode: 200, ackDescription: 'successful' });
    assert.equal(readFileSync(file('reboots'), 'utf8'), 'again\n');
    // To the hub that DPS chose.
    write('plugins/tedge-configuration-plugin.toml', `files = [{ type = "id", path = "${file('boot_id')}" }]\n`);
    await wish({ config_snapshot: { id: 's1', type: 'id' } });
    assert.equal(await uploaded((await told('config_snapshot', ended('s1'))).value.blob), 'second');
  });

  test('section 13: software is listed and changed by plugins; killed in the middle, an operation has failed and is not begun again', async (t) => {
    const { edge, file, write, start, wish, told, uploaded } = await openDevice(t, 'op-software');
    const many = Array.from({ length: 900 }, (_, index) => `package-${index}\\t1.${index}\\n`).join('');
    write('packages', many);
    const lines = [
      `echo "$*" >> ${file('said')}`,
      'case "$1" in',
      `list) printf "$(cat ${file('packages')})";;`,
      // Of no kind that ends by itself; it outlives an agent that is killed.
      `install) test "$2" = slow && { echo $$ > ${file('slow')}; exec sleep 600; }; exit 0;;`,
      'update-list) exit 1;;',
      'esac',
    ];
    write('sm-plugins/demo', ['#!/bin/sh', ...lines, ''].join('\n'), 0o755);
    await start();
    await edge.connected();
    // More than a twin holds.
    await wish({ software_list: { id: 'all' } });
    const all = await told('software_list', ended('all'));
    const { currentSoftwareList } = JSON.parse(await uploaded(all.value.blob)) as { currentSoftwareList: { modules: [] }[] };
    assert.equal(currentSoftwareList[0]?.modules.length, 900);
    write('packages', 'vim\\t9.1\\n');
    await wish({ software_list: { id: 'few' } });
    const few = await told('software_list', ended('few'));
    assert.deepEqual(few.value, {
      id: 'few',
      status: 'successful',
      currentSoftwareList: [{ type: 'demo', modules: [{ name: 'vim', version: '9.1' }] }],
    });

    const install = (name: string) => ({ updateList: [{ type: 'demo', modules: [{ name, action: 'install' }] }] });
    await wish({ software_update: { id: 'u1', ...install('fast') } });
    assert.equal((await told('software_update', ended('u1'))).value.status, 'successful');
    await wish({ software_update: { id: 'u2', ...install('slow') } });
    await told('software_update', ({ value }) => value.id === 'u2' && value.status === 'executing');
    const slow = await eventually(() => Number(readFileSync(file('slow'), 'utf8')) || undefined);
    await edge.end('SIGKILL');
    process.kill(slow);
    await start();
    const killed = await told('software_update', ended('u2'));
    assert.match(killed.ad, /ended while this ran/);
    assert.equal(readFileSync(file('said'), 'utf8').match(/install slow/g)?.length, 1);
  });
});
