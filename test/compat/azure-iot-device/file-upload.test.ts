import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { BlockBlobClient } from '@azure/storage-blob';
import device from 'azure-iot-device';
import mqtt from 'azure-iot-device-mqtt';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, minuteMs, plus } from '#base/instant.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { identityOf } from '#test/support/compat-bench.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

const { Client } = device;
type Client = InstanceType<typeof Client>;
type Ticket = { correlationId: string; hostName: string; containerName: string; blobName: string; sasToken: string };

const uploaded = [true, 201, 'Created'] as const;
const key = Buffer.alloc(32, 3).toString('base64');

/** The SDK never clears the timer by which an upload is given up after half an hour: with it, this process would stay as long. */
function letLongTimersGo(): () => void {
  const { setTimeout: original } = globalThis;
  const patched = (run: () => void, ms?: number) => {
    const timer = original(run, ms);
    return (ms ?? 0) >= 30 * minuteMs ? timer.unref() : timer;
  };
  globalThis.setTimeout = Object.assign(patched, original) as typeof setTimeout;
  return () => {
    globalThis.setTimeout = original;
  };
}

describe('file upload with azure-iot-device and @azure/storage-blob, as they come from npm', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
    // What a person does with NODE_EXTRA_CA_CERTS: the uploader has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), home.ca]);
  });
  const restoreTimers = letLongTimersGo();
  after(() => {
    restoreTimers();
    return home?.close();
  });

  function clientOf(text: string): Client {
    // Nothing connects: uploads are HTTPS whatever the transport.
    return Client.fromConnectionString(text, mqtt.Mqtt as Parameters<typeof Client.fromConnectionString>[1]);
  }

  /** A device that signs in with a key; nothing of it is connected. */
  async function keyed(deviceId: string): Promise<Client> {
    const words = ['--auth-method', 'shared_private_key', '--primary-key', key];
    await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
    return clientOf(`HostName=${home.status.hub.hostName};DeviceId=${deviceId};SharedAccessKey=${key}`);
  }

  async function certified(deviceId: string): Promise<Client> {
    const now = systemClock.now();
    const leaf = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) });
    const { sha256Thumbprint } = leaf.certificate;
    const words = ['--auth-method', 'x509_thumbprint', '--primary-thumbprint', sha256Thumbprint];
    await home.ok('homeport', ['hub', 'device', 'create', '-d', deviceId, ...words]);
    const client = clientOf(`HostName=${home.status.hub.hostName};DeviceId=${deviceId};x509=true`);
    const { cert, key: privateKey } = identityOf(leaf, []);
    await client.setOptions({ cert, key: privateKey });
    return client;
  }

  const begin = async (client: Client, name: string) => (await client.getBlobSharedAccessSignature(name)) as Ticket;
  const blobOf = ({ hostName, containerName, blobName, sasToken }: Ticket) =>
    new BlockBlobClient(`https://${hostName}/${containerName}/${blobName}${sasToken}`);

  /** What an operator gets. */
  async function stored(name: string): Promise<Buffer> {
    await home.ok('homeport', ['hub', 'file', 'download', '--name', name, '--path', 'got', '--force']);
    return readFileSync(join(home.folder, 'got'));
  }

  const bytesOf = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31) % 251));

  for (const [how, make] of [
    ['a key', keyed],
    ['a certificate', certified],
  ] as const) {
    test(`hub 91: uploadToBlob with ${how} puts the file where the operator finds it, in one block and in several`, async () => {
      const deviceId = `whole-${how.at(-1)}`;
      const client = await make(deviceId);
      for (const length of [11, 5 * 1024 * 1024 + 1]) {
        const content = bytesOf(length);
        await client.uploadToBlob(`logs/${length} +.txt`, Readable.from([content]), length);
        assert.ok((await stored(`${deviceId}/logs/${length} +.txt`)).equals(content));
      }
    });
  }

  test('hub 91: a token from getBlobSharedAccessSignature is good for one put, and notifyBlobUploadStatus ends the upload', async () => {
    const client = await keyed('put');
    const ticket = await begin(client, 'f.txt');
    assert.equal(ticket.blobName, 'put/f.txt');
    assert.ok(ticket.sasToken.startsWith('?'));
    const content = Buffer.from('hello');
    await blobOf(ticket).upload(content, content.length, { blobHTTPHeaders: { blobContentType: 'text/html' } });
    await client.notifyBlobUploadStatus(ticket.correlationId, ...uploaded);
    assert.equal((await stored('put/f.txt')).toString(), 'hello');
    await assert.rejects(client.notifyBlobUploadStatus(ticket.correlationId, ...uploaded));
    const got = await blobOf(ticket).downloadToBuffer();
    assert.deepEqual(got, content);
    assert.equal((await blobOf(ticket).getProperties()).contentLength, 5);
  });

  test('hub 91: blocks that are staged show when their list is committed, in its order, and not before', async () => {
    const client = await keyed('blocks');
    const ticket = await begin(client, 'f.bin');
    const blob = blobOf(ticket);
    const ids = ['one', 'two'].map((id) => Buffer.from(id).toString('base64'));
    for (const id of ids) await blob.stageBlock(id, `<${id}>`, `<${id}>`.length);
    assert.equal(await blob.exists(), false);
    await blob.commitBlockList([...ids].reverse());
    assert.equal((await stored('blocks/f.bin')).toString(), `<${ids[1]}><${ids[0]}>`);
    await assert.rejects(blob.commitBlockList(ids), { statusCode: 400 });
    await client.notifyBlobUploadStatus(ticket.correlationId, ...uploaded);
  });

  test('hub 93: the eleventh upload that is open at a time is refused, and there is room once one is ended', async () => {
    const client = await keyed('many');
    const tickets = [];
    for (let i = 0; i < 10; i++) tickets.push(await begin(client, `${i}`));
    await assert.rejects(begin(client, '10'), (error: Error & { response?: { statusCode?: number }; responseBody?: string }) => {
      assert.match(String(error.responseBody), /DeviceMaximumActiveFileUploadLimitExceeded/);
      return true;
    });
    const [first] = tickets;
    await client.notifyBlobUploadStatus(first?.correlationId ?? '', false, -1, 'Failed to upload to blob');
    await begin(client, '10');
  });

  test('a token that was tampered with, or is another blob’s, writes nothing', async () => {
    const client = await keyed('thief');
    const [own, other] = [await begin(client, 'a'), await begin(client, 'b')];
    const wrong = blobOf({ ...own, blobName: other.blobName });
    await assert.rejects(wrong.upload('x', 1), { statusCode: 403, code: 'AuthenticationFailed' });
    await assert.rejects(blobOf({ ...own, blobName: 'put/f.txt' }).upload('x', 1), { statusCode: 403 });
    await assert.rejects(blobOf(own).delete(), { statusCode: 403, code: 'AuthorizationPermissionMismatch' });
    assert.equal(await blobOf(other).exists(), false);
  });
});
