import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

const rounds = 2;
const sizeOf = (round: number, i: number) => 1_000 + ((round * 31 + i * 7_919) % 200_000);

/**
 * Goal: a file that was answered 201 is there after a crash, whole; one that was not is whole or not there; nothing is left over.
 * Method: put files, each of one letter, while the server is killed with SIGKILL; then compare the list with what was answered.
 */
test('files that were acknowledged survive kill -9 whole, and an unfinished one leaves nothing', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const key = Buffer.alloc(32, 5);
  const words = ['--auth-method', 'shared_private_key', '--primary-key', key.toString('base64')];
  await home.ok('homeport', ['hub', 'device', 'create', '-d', 'dev1', ...words]);
  const { hostName, httpsPort } = home.status.hub;
  const expirySeconds = Math.ceil(Date.now() / 1000) + 3_600;
  const authorization = formatSasToken({ resource: `${hostName}/devices/dev1`, key, expirySeconds });
  const ask = (path: string, body: object) =>
    askHttps(`https://${home.address}:${httpsPort}/devices/dev1/files${path}?api-version=2021-04-12`, home.ca, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  const accepted = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    let isUp = true;
    const before = accepted.size;
    const writing = (async () => {
      for (let i = 0; isUp; i++) {
        const { text } = await ask('', { blobName: `${round}-${i}` });
        const { correlationId, hostName: host, containerName, blobName, sasToken } = JSON.parse(text);
        const body = 'x'.repeat(sizeOf(round, i));
        const { status } = await askHttps(`https://${host}/${containerName}/${blobName}${sasToken}`, home.ca, {
          method: 'PUT',
          headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': String(body.length) },
          body,
        });
        assert.equal(status, 201);
        accepted.set(blobName, body.length);
        await ask('/notifications', { correlationId, isSuccess: true });
      }
    })().catch(() => undefined);
    await eventually(() => (accepted.size >= before + 5 ? true : undefined));
    await home.kill();
    isUp = false;
    await writing;
    await home.restart();
  }

  const files: { name: string; bytes: number }[] = JSON.parse(await home.ok('homeport', ['hub', 'file', 'list', '--json']));
  const found = new Map(files.map(({ name, bytes }) => [name, bytes]));
  for (const [name, bytes] of accepted) assert.equal(found.get(name), bytes, name);
  for (const [name, bytes] of found) {
    const [, round = '', i = ''] = /^dev1\/(\d+)-(\d+)$/.exec(name) ?? [];
    assert.equal(bytes, sizeOf(Number(round), Number(i)), name);
  }
  assert.equal(readdirSync(join(home.data, 'files')).length, files.length);
});
