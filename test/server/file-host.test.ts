import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askHttps } from '#test/support/https-client.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';

test('files under a name of their own are served on the devices’ port, and under no other name', async (t) => {
  const home = await startHomeport([], { HOMEPORT_FILES__HOST_NAME: 'files.example' });
  t.after(() => home.close());
  const key = Buffer.alloc(32, 5);
  const words = ['--auth-method', 'shared_private_key', '--primary-key', key.toString('base64')];
  await home.ok('homeport', ['hub', 'device', 'create', '-d', 'dev1', ...words]);
  const { hostName, httpsPort } = home.status.hub;
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  assert.equal(home.status.files?.hostName, `files.example${port}`);
  const expirySeconds = Math.ceil(Date.now() / 1000) + 600;
  const authorization = formatSasToken({ resource: `${hostName}/devices/dev1`, key, expirySeconds });
  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    askHttps(`https://${home.address}:${httpsPort}${path}`, home.ca, { method, headers, ...(body !== undefined && { body }) });
  const begin = '/devices/dev1/files?api-version=2021-04-12';
  const { text } = await ask('POST', begin, { authorization }, '{"blobName":"f"}');
  const { hostName: host, containerName, blobName, sasToken } = JSON.parse(text);
  assert.equal(host, `files.example${port}`);
  const path = `/${containerName}/${blobName}${sasToken}`;
  const put = { 'x-ms-blob-type': 'BlockBlob', 'content-length': '1' };
  assert.equal((await ask('PUT', path, { ...put, host }, 'x')).status, 201);
  assert.equal((await ask('GET', path, { host: hostName })).status, 404);
  assert.equal((await ask('GET', path, { host })).text, 'x');
  for (const [other, code] of [
    ['/api/devices', 'AuthenticationFailed'],
    [begin, 'NotImplemented'],
    ['/', 'InvalidUri'],
  ] as const) {
    assert.equal((await ask('GET', other, { host })).headers['x-ms-error-code'], code);
  }
  await assert.rejects(askHttps(`https://${home.address}:8445${path}`, home.ca), { code: 'ECONNREFUSED' });
});
