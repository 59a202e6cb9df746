import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { dayMs, formatInstant, hourMs, plus } from '#base/instant.ts';
import { openMqttConnection } from '#devices/mqtt-connection.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const key = Buffer.alloc(32, 3);
const now = systemClock.now();

describe('homeport rehearse', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
    for (const deviceId of ['short-lived', 'long-lived']) await makeByKey(deviceId);
    await makeByLeaf('soon', 3);
    await makeByLeaf('late', 300);
    await makeByLeaf('disabled', 4);
    await home.ok('homeport', ['hub', 'device', 'create', '-d', 'never-seen', '--auth-method', 'x509_ca']);
    await connect('short-lived', { password: tokenOf('short-lived', hourMs) });
    await connect('long-lived', { password: tokenOf('long-lived', 20 * dayMs) });
  });
  after(() => home?.close());

  async function rehearse(...words: string[]) {
    return JSON.parse(await home.ok('homeport', ['rehearse', '--json', ...words]));
  }

  async function makeByKey(deviceId: string) {
    const { status } = home;
    await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key']);
    const shown = JSON.parse(await home.ok('homeport', ['hub', 'device', 'show', '-d', deviceId, '--secrets', '--json']));
    const [, made = ''] = /SharedAccessKey=([^;]+)/.exec(shown.connectionString) ?? [];
    keys.set(deviceId, Buffer.from(made, 'base64'));
    assert.ok(status.hub.hostName);
  }
  const keys = new Map<string, Buffer>();

  function tokenOf(deviceId: string, ms: number): string {
    const resource = `${home.status.hub.hostName}/devices/${deviceId}`;
    return formatSasToken({ resource, key: keys.get(deviceId) ?? key, expirySeconds: Math.floor((now + ms) / 1_000) });
  }

  async function makeByLeaf(deviceId: string, days: number) {
    const leaf = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, days * dayMs) });
    const words = ['--auth-method', 'x509_thumbprint', '--primary-thumbprint', leaf.certificate.sha256Thumbprint];
    await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
    await connect(deviceId, { identity: { certificatePem: leaf.pem, privateKeyPem: exportPrivateKeyPem(leaf.privateKey) } });
  }

  async function connect(
    deviceId: string,
    way: { password?: string; identity?: { certificatePem: string; privateKeyPem: string } },
  ) {
    const connection = await openMqttConnection({
      clock: systemClock,
      network: { ca: home.ca },
      host: home.address,
      port: home.status.hub.mqttPort,
      identity: way.identity,
      connect: {
        clientId: deviceId,
        userName: `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12`,
        keepAliveSeconds: 60,
        cleanSession: true,
        ...(way.password !== undefined && { password: Buffer.from(way.password) }),
      },
      onMessage: () => {},
    });
    connection.disconnect();
    await connection.closed;
  }

  test('names who drops, when and why, on a server of any kind, and moves nothing', async () => {
    const until = formatInstant(plus(now, 30 * dayMs));
    const found = await rehearse('--until', until);
    assert.deepEqual(
      found.drops.map(({ deviceId, reason }: { deviceId: string; reason: string }) => [deviceId, reason]),
      [
        ['soon', 'certificate-expired'],
        ['disabled', 'certificate-expired'],
        ['long-lived', 'token-expired'],
      ],
    );
    assert.ok(found.drops.every(({ fix }: { fix?: string }) => fix));
    assert.deepEqual(
      found.unsure.map(({ deviceId }: { deviceId: string }) => deviceId),
      ['short-lived'],
    );
    assert.deepEqual(found.counts, { rehearsed: 5, stay: 2, out: 0, neverSeen: 1, disabled: 0, drop: 3 });
    const again = await rehearse('--until', until);
    assert.deepEqual(again.drops, found.drops);
    assert.equal(await home.ok('homeport', ['refusals']), '', 'nobody was refused');
  });

  test('prints lines for people: when, who, why and what mends it', async () => {
    const { stdout, stderr } = await home.run('homeport', ['rehearse', '--until', formatInstant(plus(now, 5 * dayMs))]);
    assert.match(stdout, /^\S+Z\tsoon\tcertificate-expired\tRenew the certificate\.$/m);
    assert.match(stderr, /Not known of 1, which came once with a short-lived token: short-lived/);
    assert.match(stderr, /2 drop, 3 stay, 0 are out already; never seen: 1, disabled: 0/);
  });

  test('what a restart leaves is rehearsed the same', async () => {
    const until = formatInstant(plus(now, 30 * dayMs));
    const before = await rehearse('--until', until);
    await home.stop();
    await home.restart();
    assert.deepEqual((await rehearse('--until', until)).drops, before.drops);
  });

  test('a date that is none, lies behind or too far ahead is refused with words', async () => {
    for (const [until, words] of [
      ['tomorrow', /'tomorrow' is no date such as 2027-01-31/],
      ['2020-01-01', /A rehearsal looks ahead/],
      ['2100-01-01', /at most ten years ahead/],
    ] as const) {
      const { code, stderr } = await home.run('homeport', ['rehearse', '--until', until]);
      assert.equal(code, 1, until);
      assert.match(stderr, words);
    }
    assert.equal((await home.run('homeport', ['rehearse'])).code, 2);
  });
});
