import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Secret } from '#base/secret.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { parseBlobSas } from '#wire/azure/blob-sas.ts';
import { parseStorageConnectionString } from '#wire/azure/storage-account.ts';
import { accountTarget } from './account-target.ts';

const key = Buffer.alloc(64, 1).toString('base64');
const text = `DefaultEndpointsProtocol=https;AccountName=plant1;AccountKey=${key};EndpointSuffix=core.windows.net`;

function targetOf(answer: { status: number; headers: Record<string, string> }) {
  const platform = testPlatform();
  const asked: string[] = [];
  const outgoing = {
    async head(url: Secret) {
      asked.push(url.reveal());
      return answer;
    },
  };
  return { ...platform, asked, target: accountTarget(platform, parseStorageConnectionString(text), 'uploads', outgoing) };
}

test('devices get the account’s host and a signature for their blob, and the file is asked for with one that only reads', async () => {
  const headers = { 'content-length': '12', 'last-modified': 'Fri, 01 Jan 2027 00:00:00 GMT' };
  const { clock, asked, target } = targetOf({ status: 200, headers });
  assert.equal(target.hostName, 'plant1.blob.core.windows.net');
  const sas = parseBlobSas(new URLSearchParams(target.sign('dev1/f', plus(clock.now(), hourMs))));
  assert.equal(sas?.permissions, 'rw');
  assert.deepEqual(await target.measure('dev1/a b'), { bytes: 12, modifiedAt: Date.UTC(2027, 0, 1) });
  const url = new URL(asked[0] ?? '');
  assert.equal(url.origin + url.pathname, 'https://plant1.blob.core.windows.net/uploads/dev1/a%20b');
  assert.equal(parseBlobSas(url.searchParams)?.permissions, 'r');
});

test('a file that the account has not is not there, and any other answer is none', async () => {
  assert.equal(await targetOf({ status: 404, headers: {} }).target.measure('dev1/f'), undefined);
  const isUnavailable = (error: unknown) => error instanceof Problem && error.code === 'unavailable';
  for (const answer of [
    { status: 403, headers: {} },
    { status: 200, headers: {} },
  ]) {
    await assert.rejects(targetOf(answer).target.measure('dev1/f'), isUnavailable);
  }
});

test('a connection string may name its own endpoint', () => {
  const { hostName } = parseStorageConnectionString(`${text};BlobEndpoint=https://files.example:8443/`);
  assert.equal(hostName, 'files.example:8443');
});

const bad: [what: string, text: string][] = [
  ['nothing', ''],
  ['one without a key', 'AccountName=plant1'],
  ['one whose key is too short', 'AccountName=plant1;AccountKey=AAAA'],
  ['one whose name is none', text.replace('plant1', '../x')],
  ['one over plain HTTP', text.replace('https', 'http')],
  ['an emulator with its account in the path', `${text};BlobEndpoint=https://127.0.0.1:10000/plant1`],
  ['one that is far too long', text + 'x'.repeat(5_000)],
];
for (const [what, given] of bad) {
  test(`${what} is no connection string of a storage account, and the refusal quotes nothing of it`, () => {
    const isRefused = (error: unknown) => error instanceof Problem && !error.message.includes(key.slice(0, 8));
    assert.throws(() => parseStorageConnectionString(given), isRefused);
  });
}
