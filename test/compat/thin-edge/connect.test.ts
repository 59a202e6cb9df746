import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { openConnectedEdge } from '#test/support/connected-edge.ts';
import { openCutProxy } from '#test/support/cut-proxy.ts';
import { eventually } from '#test/support/eventually.ts';
import { ownAddress } from '#test/support/own-place.ts';

const connectLines = [
  'Checking if the built-in supervisor is available.',
  'Checking if configuration for requested bridge already exists.',
  'Validating the bridge certificates.',
  'Saving configuration for requested bridge.',
  'Restarting tedge-mapper-az service.',
  'Awaiting tedge-mapper-az to start. This may take up to 30 seconds.',
  'Warning: tedge-mapper-az will not start on reboot: the built-in supervisor cannot do that.',
  'Successfully created bridge connection!',
];
const checkLine = 'Sending packets to check connection. This may take up to 10 seconds.';
const goodLine = 'Received expected response message, connection check is successful.';
const badLine = 'Warning: Bridge has been configured, but Azure connection check failed.';
const disconnectLines = [
  'Removing Azure bridge.',
  'Stopping tedge-mapper-az service.',
  'tedge-mapper-az service successfully stopped!',
  'Azure Bridge successfully disconnected!',
];
/** Every sentence has an empty line behind it, but the last of a check. */
const told = (lines: readonly string[], end?: string) => lines.map((line) => `${line}\n\n`).join('') + (end ? `${end}\n` : '');

/**
 * Goal: connect, disconnect and reconnect do what the original's do, in words of ours where nobody manages services but we.
 * Method: a real hub; the commands as typed; what they start runs in the background and is spoken to as local programs do.
 */
describe('tedge connect', { concurrency: true }, () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  test('thin-edge 31, 35, 36, 37, 39: connected once and in the background; checked, connected again, disconnected, and each twice', async (t) => {
    const edge = await openConnectedEdge(t, bench, 'office');
    await edge.register();
    const done = (stdout: string) => ({ code: 0, stdout, stderr: '' });
    assert.deepEqual(await edge.tedge('connect', 'az'), done(told([...connectLines, checkLine], goodLine)));
    assert.equal(
      readFileSync(edge.bridgeFile, 'utf8')
        .split('\n')
        .filter((line) => line && !line.startsWith('#')).length,
      0,
    );
    assert.equal(statSync(edge.bridgeFile).mode & 0o777, 0o644);

    const again = await edge.tedge('connect', 'az');
    assert.equal(again.code, 1);
    assert.match(again.stderr, /A connection to Azure exists: .*az-bridge\.conf\.\n.*tedge disconnect az/);
    assert.equal((await edge.publish('one')).code, 0);
    assert.deepEqual(await edge.bodies(1), ['one']);
    assert.deepEqual(await edge.tedge('connect', '--test', 'az'), done(told([checkLine], goodLine)));

    const reconnected = await edge.tedge('reconnect', 'az');
    assert.deepEqual(reconnected, done(told([...disconnectLines, ...connectLines, checkLine], goodLine)));
    assert.equal((await edge.publish('two')).code, 0);
    assert.deepEqual(await edge.bodies(2), ['one', 'two']);

    assert.deepEqual(await edge.tedge('disconnect', 'az'), done(told(disconnectLines)));
    assert.ok(!existsSync(edge.bridgeFile));
    assert.equal((await edge.tedge('mqtt', 'pub', '--connection-timeout', '1ms', 'a', 'b')).code, 1);
    const nothing = told(['Removing Azure bridge.'], "Bridge doesn't exist. Operation finished!");
    assert.deepEqual(await edge.tedge('disconnect', 'az'), done(nothing));
    const tested = await edge.tedge('connect', 'az', '--test');
    assert.deepEqual([tested.code, tested.stdout], [1, '']);
    assert.match(tested.stderr, /The device is not connected to Azure\.\n\nRun 'tedge connect az'\./);

    assert.deepEqual(await edge.tedge('reconnect', 'az', '--offline'), done(nothing + told(connectLines)));
    assert.equal((await edge.publish('three')).code, 0);
    assert.deepEqual(await edge.bodies(3), ['one', 'two', 'three']);
    const refreshed = await edge.tedge('refresh-bridges');
    assert.deepEqual(refreshed, done(told(connectLines.slice(4))));
    assert.equal((await edge.tedge('connect', 'az', '--test')).code, 0);

    // Somebody killed it: the file still says connected, the check does not, and reconnecting is the way out.
    process.kill(Number(readFileSync(join(edge.folder, 'run/tedge-mapper-az.pid'), 'utf8')), 'SIGKILL');
    const { stderr } = await eventually(async () => {
      const killed = await edge.tedge('connect', 'az', '--test');
      return killed.code === 1 ? killed : undefined;
    });
    assert.match(stderr, /tedge-mapper-az does not run\.\n\nRun 'tedge reconnect az' to start it\./);
    assert.equal((await edge.tedge('reconnect', 'az')).code, 0);
  });

  test('thin-edge 33, 34: a device that nobody registered stays configured with a warning, and is connected as soon as it is registered', async (t) => {
    const edge = await openConnectedEdge(t, bench, 'stranger');
    const refused = await edge.tedge('connect', 'az');
    assert.deepEqual([refused.code, refused.stdout], [1, told([...connectLines, checkLine], badLine)]);
    assert.match(refused.stderr, /^Error: failed to verify the connection to az\n\nCaused by:\n {4}.*code 5/);
    assert.match(refused.stderr, /thumbprint that 'tedge cert show' prints/);
    assert.ok(existsSync(edge.bridgeFile));
    await edge.register();
    await eventually(() => /"bridge\.connected"/.test(edge.log()) || undefined, 35_000);
    assert.equal((await edge.tedge('connect', 'az', '--test')).code, 0);
  });

  test('thin-edge 13, 38: with --offline it is configured while the hub is away; a renewed certificate is adopted by reconnect, and nothing that waits is lost', async (t) => {
    const edge = await openConnectedEdge(t, bench, 'ship');
    const { stdout: url } = await edge.tedge('config', 'get', 'az.url');
    await edge.tedge('config', 'set', 'az.url', `${bench.home.address}:1`);
    assert.deepEqual(await edge.tedge('connect', 'az', '--offline'), { code: 0, stdout: told(connectLines), stderr: '' });
    for (const body of ['1', '2', '3']) assert.equal((await edge.publish(body)).code, 0);
    const before = await edge.thumbprint();
    assert.equal((await edge.tedge('cert', 'renew', '--ca', 'self-signed')).code, 0);
    const renewed = await edge.thumbprint('--new');
    assert.equal(await edge.thumbprint(), before);
    await edge.register(renewed);
    await edge.tedge('config', 'set', 'az.url', url.trim());
    const { code, stderr } = await edge.tedge('reconnect', 'az');
    assert.deepEqual([code, stderr], [0, 'The renewed certificate is the device’s certificate now.']);
    assert.equal(await edge.thumbprint(), renewed);
    assert.ok(!existsSync(`${edge.certificate}.new`));
    assert.deepEqual(await edge.bodies(3), ['1', '2', '3']);

    // And while it works: the one that is registered beside the present one takes its place under somebody who goes on publishing.
    await edge.tedge('cert', 'renew');
    const next = await edge.thumbprint('--new');
    const thumbprints = ['--primary-thumbprint', renewed, '--secondary-thumbprint', next];
    await bench.home.ok('homeport', [
      ...['hub', 'device', 'update', '-d', 'ship', '--auth-method', 'x509_thumbprint'],
      ...thumbprints,
    ]);
    const acknowledged: string[] = [];
    let isOver = false;
    const publishing = (async () => {
      for (let number = 4; !isOver; number++) {
        if ((await edge.publish(String(number))).code === 0) acknowledged.push(String(number));
      }
    })();
    await eventually(() => acknowledged.length > 0 || undefined);
    assert.equal((await edge.tedge('reconnect', 'az')).code, 0);
    const many = acknowledged.length;
    await eventually(() => acknowledged.length > many || undefined);
    isOver = true;
    await publishing;
    assert.equal(await edge.thumbprint(), next);
    await eventually(async () => {
      const arrived = new Set(await edge.bodies(3));
      return acknowledged.every((body) => arrived.has(body)) || undefined;
    }, 60_000);

    // One of another key cannot be shown: what is there goes on being used, and scripts see it by the exit code.
    writeFileSync(`${edge.certificate}.new`, bench.selfSignedOf('ship').cert);
    const other = await edge.tedge('reconnect', 'az');
    assert.equal(other.code, 3);
    assert.match(other.stderr, /failed to adopt the renewed certificate[\s\S]*is not the key of/);
    assert.equal(await edge.thumbprint(), next);
    assert.equal((await edge.tedge('connect', 'az', '--test')).code, 0);
  });

  test('thin-edge 40: a hub whose certificate another root signed, or that is for another name, fails the check, and the log names the reason', async (t) => {
    const edge = await openConnectedEdge(t, bench, 'careful');
    await edge.register();
    const other = join(edge.folder, 'other-root.pem');
    writeFileSync(other, bench.root.pem);
    const { stdout: root } = await edge.tedge('config', 'get', 'az.root_cert_path');
    await edge.tedge('config', 'set', 'az.root_cert_path', other);
    const unknown = await edge.tedge('connect', 'az');
    assert.deepEqual([unknown.code, unknown.stdout], [1, told([...connectLines, checkLine], badLine)]);
    const reason = /self-signed certificate in certificate chain|unable to (get|verify)/;
    assert.match(unknown.stderr, reason);
    assert.doesNotMatch(unknown.stderr, /Node\.js/);
    assert.match(edge.log(), reason);

    await edge.tedge('config', 'set', 'az.root_cert_path', root.trim());
    const { mqttPort } = bench.home.status.hub;
    const address = ownAddress();
    const proxy = await openCutProxy(address, bench.home.address, [mqttPort]);
    t.after(() => proxy.close());
    await edge.tedge('config', 'set', 'az.url', `${address}:${mqttPort}`);
    const misnamed = await edge.tedge('reconnect', 'az');
    assert.equal(misnamed.code, 1);
    assert.match(misnamed.stderr, /does not match certificate's altnames/);
    assert.match(edge.log(), /does not match certificate's altnames/);
  });
});
