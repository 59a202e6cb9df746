import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hourMs } from '#base/instant.ts';
import { exportPrivateKeyPem, generateEcKey } from '#pki/key.ts';
import { attachBoard } from '#test/support/simulated-board.ts';
import { openSphereInstallation } from '#test/support/sphere-installation.ts';
import { usableLeaf } from './daily-certificate.ts';
import { KeyStore } from './key-store.ts';

describe('an attached board', () => {
  test('sphere 88: the first line of show-attached is the device ID, and the cuts of scripts work', async (t) => {
    const home = await openSphereInstallation(t);
    const board = await attachBoard(t, home);
    for (const command of ['device show-attached', 'dev show-attached']) {
      const { output, exitCode } = await home.azsphere(command);
      assert.equal(exitCode, 0);
      assert.equal(output[0], `Device ID: ${board.deviceId.toUpperCase()}`);
      assert.equal(output[0]?.split(': ')[1]?.toLowerCase(), board.deviceId);
      assert.equal(output.filter((line) => line.includes('Device')).length, 1);
    }
    const listed = await home.azsphere('device list-attached');
    assert.equal(listed.output[0], '1 device attached:');
    assert.equal(listed.output[1], ` --> Device ID: ${board.deviceId.toUpperCase()}`);
    const json = JSON.parse((await home.azsphere('device show-attached -o json')).output.join('\n'));
    assert.equal(json.deviceId, board.deviceId);
    assert.equal(json.connectionPath, board.simulator.socketPath);
    assert.equal(statSync(board.simulator.socketPath).mode & 0o777, 0o600);
  });

  test('a board that is gone is not attached, and its socket is used again', async (t) => {
    const home = await openSphereInstallation(t);
    const board = await attachBoard(t, home);
    await board.simulator.stop();
    assert.equal(await board.simulator.finished, 0);
    assert.equal((await home.azsphere('device show-attached')).exitCode, 5);
    assert.equal((await home.azsphere('device list-attached')).output[0], '0 devices attached.');
    writeFileSync(board.simulator.socketPath, 'left by a power cut');
    const again = await attachBoard(t, home);
    assert.equal(again.deviceId, board.deviceId);
    assert.equal((await home.azsphere('device show-attached')).exitCode, 0);
  });

  test('of several boards one must be named, by ID in any case or by connection path', async (t) => {
    const home = await openSphereInstallation(t);
    const one = await attachBoard(t, home, { name: 'one' });
    await attachBoard(t, home, { name: 'two', application: 'd4' });
    const many = await home.azsphere('device show-attached');
    assert.equal(many.exitCode, 2);
    assert.match(many.errors.join('\n'), /--device/);
    for (const name of [one.deviceId, one.deviceId.toUpperCase(), one.simulator.socketPath]) {
      const { output } = await home.azsphere(`device show-attached --deviceid ${name}`);
      assert.equal(output[0], `Device ID: ${one.deviceId.toUpperCase()}`);
    }
    assert.equal((await home.azsphere(`device show-attached -d ${'0'.repeat(128)}`)).exitCode, 5);
  });

  test('one key store runs in one simulator at a time', async (t) => {
    const home = await openSphereInstallation(t);
    await attachBoard(t, home);
    await assert.rejects(attachBoard(t, home), /running already/);
  });
});

describe('a claim', () => {
  test('sphere 91: without a terminal and without --yes it is refused; at a terminal only y claims', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const board = await attachBoard(t, home);
    const alone = await home.azsphere('device claim');
    assert.equal(alone.exitCode, 1);
    assert.match(alone.errors.join('\n'), /permanent/);
    for (const answer of ['', 'n', 'N', 'no', 'yesterday']) {
      const refused = await home.azsphere('device claim', { answers: [answer] });
      assert.equal(refused.exitCode, 1, answer);
      assert.match(refused.questions[0] ?? '', /\(y\/N\)/);
    }
    assert.deepEqual(JSON.parse((await home.azsphere('device list -o json')).output.join('\n')), []);

    const claimed = await home.azsphere('device claim', { answers: ['Y'] });
    assert.equal(claimed.exitCode, 0);
    const end = `Successfully claimed device ID '${board.deviceId.toUpperCase()}' into tenant 'Homeport' with ID '${home.tenantId}'.`;
    assert.deepEqual(claimed.output.slice(0, 2), ['Claiming device.', end]);
    assert.equal((await board.event('claimed')).tenantId, home.tenantId);
    const [device] = JSON.parse((await home.azsphere('device list -o json')).output.join('\n'));
    assert.equal(device.deviceId, board.deviceId);
    assert.equal(device.claimMethod, 'possession');
  });

  test('a repeat succeeds and says that nothing changed; another tenant gets exit code 6 and does not learn the owner', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    await attachBoard(t, home);
    assert.equal((await home.azsphere('device claim --yes')).exitCode, 0);
    const again = await home.azsphere('device claim -y -o json');
    assert.equal(JSON.parse(again.output.join('\n')).changed, false);

    const other = await home.sphere.tenants.create('Other');
    const refused = await home.azsphere(`device claim --yes --tenant ${other.tenantId}`);
    assert.equal(refused.exitCode, 6, refused.errors.join('\n'));
    const words = refused.errors.concat(refused.output).join('\n');
    assert.ok(!words.includes(home.tenantId) && !/'Homeport'/.test(words), words);
  });

  test('without an attached board there is nothing to claim', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const { exitCode, errors } = await home.azsphere('device claim --yes');
    assert.equal(exitCode, 5);
    assert.match(errors.join('\n'), /homeport simulate/);
  });

  test('a board signs for its own service only', async (t) => {
    const home = await openSphereInstallation(t);
    const board = await attachBoard(t, home);
    const request = { serviceUrl: 'https://127.0.0.1:9', tenantId: home.tenantId, claimCode: 'code' };
    await assert.rejects(board.simulator.claim(request), /belongs to the security service at/);
    assert.deepEqual(
      board.events.filter(({ type }) => type === 'claimed'),
      [],
    );
  });

  test('a code that the service did not give out claims nothing', async (t) => {
    const home = await openSphereInstallation(t);
    const board = await attachBoard(t, home);
    const request = { serviceUrl: home.sphereUrl, tenantId: home.tenantId, claimCode: 'invented' };
    await assert.rejects(board.simulator.claim(request), { status: 403, code: 'claim-code-invalid' });
  });
});

describe('the daily certificate', () => {
  async function claimedBoard(t: Parameters<typeof openSphereInstallation>[0], options: Parameters<typeof attachBoard>[2] = {}) {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    const board = await attachBoard(t, home, options);
    const { exitCode, errors } = await home.azsphere('device claim --yes');
    assert.equal(exitCode, 0, errors.join('\n'));
    return { home, board };
  }

  test('a claimed board fetches one at once, and keeps every secret to its owner', async (t) => {
    const { board } = await claimedBoard(t);
    const { thumbprint, notAfterMs } = await board.event('certificate');
    assert.match(thumbprint, /^[0-9A-F]{40}$/);
    assert.ok(notAfterMs > Date.now() + 23 * hourMs && notAfterMs < Date.now() + 26 * hourMs);
    assert.equal(statSync(board.keyStoreDirectory).mode & 0o777, 0o700);
    const files = readdirSync(board.keyStoreDirectory);
    assert.deepEqual(files.sort(), ['board.json', 'daily-certificate.json', 'identity.pem']);
    for (const file of files) assert.equal(statSync(join(board.keyStoreDirectory, file)).mode & 0o777, 0o600, file);
  });

  test('it is renewed at every start, with a new key', async (t) => {
    const { home, board } = await claimedBoard(t);
    const first = await board.event('certificate');
    const before = new KeyStore(board.keyStoreDirectory).loadLeaf();
    await board.simulator.stop();
    const again = await attachBoard(t, home);
    const second = await again.event('certificate');
    assert.notEqual(second.thumbprint, first.thumbprint);
    assert.notEqual(new KeyStore(board.keyStoreDirectory).loadLeaf()?.privateKeyPem, before?.privateKeyPem);
    assert.equal(new KeyStore(board.keyStoreDirectory).loadState().bootCount, 2);
  });

  test('a cached one is used until it expires, and discarded when key, name or bytes do not fit', async (t) => {
    const { home, board } = await claimedBoard(t);
    const { notAfterMs, thumbprint } = await board.event('certificate');
    const stored = new KeyStore(board.keyStoreDirectory).loadLeaf();
    assert.ok(stored);
    const { clock } = home.platform;
    const usable = usableLeaf(stored, board.deviceId, clock);
    assert.equal(usable?.thumbprint, thumbprint);
    assert.equal(usable?.certificatePem.match(/BEGIN CERTIFICATE/g)?.length, 2, 'the leaf and the tenant CA');
    const at = (ms: number) => ({ ...clock, now: () => ms as ReturnType<typeof clock.now> });
    assert.ok(usableLeaf(stored, board.deviceId, at(notAfterMs - 1)));
    assert.equal(usableLeaf(stored, board.deviceId, at(notAfterMs)), undefined);
    const otherKey = exportPrivateKeyPem(generateEcKey('P-256').privateKey);
    assert.equal(usableLeaf({ ...stored, privateKeyPem: otherKey }, board.deviceId, clock), undefined);
    assert.equal(usableLeaf(stored, 'f'.repeat(128), clock), undefined);
    assert.equal(usableLeaf({ ...stored, leafDer: Buffer.from('no certificate') }, board.deviceId, clock), undefined);
  });

  test('while the service is away the cached one is used, and asking again goes on', async (t) => {
    const { home, board } = await claimedBoard(t);
    await board.event('certificate');
    await board.simulator.stop();
    const hub = createServer();
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    t.after(() => void hub.close());
    const reached = new Promise((resolve) => hub.once('connection', (socket) => resolve(socket.destroy())));
    const { port } = hub.address() as { port: number };
    const away = await attachBoard(t, home, {
      sphereUrl: 'https://127.0.0.1:1',
      connection: { type: 'dps', host: '127.0.0.1', port, idScope: '0ne00000000' },
    });
    await reached;
    assert.ok(away.log().some((line) => line.startsWith('ERROR: No daily certificate')));
  });

  test('sphere 67: a component that measures differently gets none, for the reason measurement-unknown', async (t) => {
    const { board } = await claimedBoard(t, { tamper: 'kernel' });
    assert.equal((await board.event('certificate-refused')).code, 'measurement-unknown');
  });

  test('a replayed nonce gets none, and the answer tells nothing more than denied', async (t) => {
    const { home, board } = await claimedBoard(t, { reusesNonce: true });
    assert.equal((await board.event('certificate-refused')).code, 'denied');
    await home.refusals.flush();
    const [refusal] = await home.refusals.list({ service: 'sphere', subject: board.deviceId, limit: 1 });
    assert.equal(refusal?.reason, 'nonce-replayed');
  });

  test('a clock that is a year off and said to be trusted gets none', async (t) => {
    const { board } = await claimedBoard(t, { clockOffsetMs: 365 * 24 * hourMs });
    assert.equal((await board.event('certificate-refused')).code, 'clock-skew');
  });

  test('a manifest that names another tenant means that device auth is not ready', async (t) => {
    const { board } = await claimedBoard(t, { tenantId: '143adbc9-1bf0-4be2-84a2-084a331d81cb' });
    assert.ok(board.log().some((line) => /Device auth not ready/.test(line)));
    assert.equal(board.events.filter(({ type }) => type === 'certificate').length, 0);
  });

  test('a host outside AllowedConnections is never contacted', async (t) => {
    const home = await openSphereInstallation(t);
    await home.azsphere('login');
    await attachBoard(t, home, { allowedHosts: ['global.azure-devices-provisioning.net'] });
    const { exitCode, errors } = await home.azsphere('device claim --yes');
    assert.equal(exitCode, 7);
    assert.match(errors.join('\n'), /127\.0\.0\.1 is not among the application's AllowedConnections/);
  });

  test('what a board logs of its keys is nothing', async (t) => {
    const { board } = await claimedBoard(t);
    await board.event('certificate');
    const identity = readFileSync(join(board.keyStoreDirectory, 'identity.pem'), 'utf8').split('\n')[1] ?? '';
    assert.ok(identity.length > 20);
    assert.ok(!JSON.stringify(board.events).includes(identity));
  });
});
