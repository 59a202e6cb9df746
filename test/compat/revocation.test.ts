import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { dayMs, minuteMs, plus } from '#base/instant.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;

/** A device of the published SDK, registered through the enrollment group of a CA, when its right is taken away. */
describe('what a revoked device sees with azure-iot-device', () => {
  let bench: CompatBench;
  const open: Client[] = [];
  let number = 0;
  before(async () => {
    bench = await openCompatBench();
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  async function clientOf(deviceId: string, identity: Identity): Promise<Client> {
    const text = `HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};x509=true`;
    const client = Client.fromConnectionString(text, deviceMqtt.Mqtt);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca, cert: identity.cert, key: identity.key });
    open.push(client);
    return client;
  }

  async function connected(deviceId: string, identity: Identity): Promise<{ lost: Promise<unknown> }> {
    const client = await clientOf(deviceId, identity);
    await client.open();
    await client.sendEvent(new Message('{}'));
    return { lost: once(client, 'disconnect') };
  }

  async function assertRefused(deviceId: string, identity: Identity, reason: string, words: RegExp): Promise<void> {
    await assert.rejects((await clientOf(deviceId, identity)).open(), { name: 'UnauthorizedError' });
    const found = await eventually(async () => (await bench.refusals(deviceId)).find((refusal) => refusal.reason === reason));
    assert.match(found.detail, words);
  }

  const registered = async (deviceId: string) => {
    const identity = bench.leafOf(deviceId, { issuer: bench.root }, []);
    assert.equal((await bench.register(identity, deviceId)).body.status, 'assigned');
    return identity;
  };

  /** As a file, by the command line. */
  async function revoke(...identities: Identity[]): Promise<void> {
    const path = join(bench.home.folder, `${++number}.crl`);
    const revoked = identities.map(({ leaf }) => leaf.certificate);
    const dates = { thisUpdate: plus(bench.now, -minuteMs), nextUpdate: plus(bench.now, dayMs) };
    writeFileSync(path, makeRevocationList({ issuer: bench.root, revoked, number, ...dates }));
    await bench.home.ok('homeport', ['crl', 'upload', '--path', path]);
  }

  test('a certificate that its CA took back loses its session, its way back, and its registration', async () => {
    const identity = await registered('revoked-1');
    const { lost } = await connected('revoked-1', identity);
    await revoke(identity);
    await lost;
    await assertRefused('revoked-1', identity, 'certificate-revoked', /CN=revoked-1 was revoked at .*: key compromise/);
    assert.equal((await bench.register(identity, 'revoked-1')).status, 401);
    const renewed = await registered('revoked-1');
    await connected('revoked-1', renewed);
  });

  test('a group that is disabled takes its device along until it is enabled, with the group’s name as the reason', async () => {
    const identity = await registered('grouped-1');
    const { lost } = await connected('grouped-1', identity);
    await bench.central.ok('PATCH', '/api/enrollmentGroups/factory', { enabled: false });
    await lost;
    await assertRefused('grouped-1', identity, 'device-disabled', /Enrollment group factory is disabled/);
    await bench.central.ok('PATCH', '/api/enrollmentGroups/factory', { enabled: true });
    await eventually(async () => {
      const client = await clientOf('grouped-1', identity);
      return client.open().then(
        () => true,
        () => undefined,
      );
    });
  });

  test('a CA that is taken out of its group takes the devices below it along', async () => {
    const identity = await registered('orphan-1');
    const { lost } = await connected('orphan-1', identity);
    await bench.central.ok('DELETE', '/api/enrollmentGroups/factory/certificates/primary');
    await lost;
    await assertRefused('orphan-1', identity, 'device-disabled', /CA certificate that let it into enrollment group factory/);
    await bench.enroll('factory', bench.root);
  });
});
