import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceAmqp from 'azure-iot-device-amqp';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeCa, makeLeaf, makeOriginalProof, type TestCertificate } from '#test/support/certificates.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;
type Transport = Parameters<typeof Client.fromConnectionString>[1];

const hubName = 'revoking-hub.example';

/** What azure-iot-device sees on AMQP when the CA of its certificate takes that back. */
describe('a revoked certificate on AMQP', () => {
  const now = systemClock.now();
  const dates = { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) };
  const ca = makeCa({ name: 'Line', ...dates });
  let home: RunningHomeport;
  let number = 0;
  const open: Client[] = [];

  const file = (name: string, bytes: Buffer) => {
    const path = join(home.folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  before(async () => {
    // A client on AMQP asks TLS for a name and takes no address for one.
    home = await startHomeport(['--host-name', hubName]);
    makeKnown(hubName, home.address);
    const type = (...words: string[]) => home.ok('homeport', ['hub', 'certificate', ...words, '--name', 'line']);
    await type('upload', '--path', file('line.cer', ca.der));
    const code = (await type('code')).trim();
    await type('verify', '--path', file('proof.cer', makeOriginalProof(ca, code, dates).der));
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => home?.close());

  async function clientOf(deviceId: string, leaf: TestCertificate, transport: Transport): Promise<Client> {
    const client = Client.fromConnectionString(`HostName=${hubName};DeviceId=${deviceId};x509=true`, transport);
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: home.ca, cert: leaf.pem, key: exportPrivateKeyPem(leaf.privateKey) });
    open.push(client);
    return client;
  }

  for (const [name, transport] of [
    ['Amqp', deviceAmqp.Amqp],
    ['AmqpWs', deviceAmqp.AmqpWs],
  ] as const) {
    test(`over ${name} it loses its connection and its way back, and a new certificate is let in`, async () => {
      const deviceId = `revoked-${name}`;
      await home.ok('homeport', ['hub', 'device', 'create', '--device-id', deviceId, '--auth-method', 'x509_ca']);
      const leaf = makeLeaf({ issuer: ca, name: deviceId, ...dates });
      const client = await clientOf(deviceId, leaf, transport as Transport);
      await client.open();
      await client.sendEvent(new Message('{}'));
      const lost = once(client, 'disconnect');
      const list = { revoked: [leaf.certificate], thisUpdate: plus(now, -minuteMs), nextUpdate: plus(now, dayMs) };
      const path = file(`${++number}.crl`, makeRevocationList({ issuer: ca, number, ...list }));
      await home.ok('homeport', ['crl', 'upload', '--path', path]);
      await lost;
      // On AMQP a certificate is asked about with the first link.
      const again = await clientOf(deviceId, leaf, transport as Transport);
      await again.open();
      await assert.rejects(again.sendEvent(new Message('{}')), { name: 'UnauthorizedError' });
      await eventually(async () => {
        const kept = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', deviceId])) as JsonObject[];
        return kept.some(({ reason }) => reason === 'certificate-revoked') || undefined;
      });
      const renewed = await clientOf(deviceId, makeLeaf({ issuer: ca, name: deviceId, ...dates }), transport as Transport);
      await renewed.open();
      await renewed.sendEvent(new Message('{}'));
    });
  }
});
