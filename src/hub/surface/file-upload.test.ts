import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hourMs, minuteMs, plus, secondMs } from '#base/instant.ts';
import { openDatabase } from '#storage/database.ts';
import { defaultFileLimits } from '#storage/file-limits.ts';
import { FileStore } from '#storage/file-store.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { hubHost } from '#test/support/hub-bench.ts';
import { openHubService, openRestClient, type ServiceAsk } from '#test/support/service-client.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { formatBlobSas } from '#wire/azure/blob-sas.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { defaultFileSettings } from '../files/limits.ts';
import { ownTarget } from '../files/upload-target.ts';
import { noContainer } from '../transfers/own-container.ts';
import { blobHttp } from './blob-http.ts';

const deviceKey = Buffer.alloc(32, 9);
const key = { account: 'homeport', key: Buffer.alloc(64, 4) };
const whole = { 'x-ms-blob-type': 'BlockBlob', 'content-type': 'text/html' };
type Ticket = { correlationId: string; hostName: string; containerName: string; blobName: string; sasToken: string };

async function setUp(t: TestContext, settings = { ...defaultFileSettings, notifications: true }) {
  const platform = testPlatform(7);
  const database = await openDatabase('sqlite::memory:');
  const disk = new CrashDisk();
  const limits = { ...defaultFileLimits, blobBytesMax: 1000 };
  const store = await FileStore.open({ platform, database, directory: '/files', files: disk, limits });
  const target = ownTarget(store, key, { containerName: 'uploads', hostName: () => 'files.example:8445' });
  const refused: string[] = [];
  const refusals = { record: ({ reason }: { reason: string }) => void refused.push(reason) };
  const surface = blobHttp({ platform, store, key, refusals, subjectOf: ({ name }) => name });
  const blobs = await openRestClient({
    clock: platform.clock,
    surface,
    policies: { find: () => undefined },
    policy: '',
    apiVersion: '',
  });
  const { bench, client, close } = await openHubService({ files: { settings, target, transfers: noContainer } });
  t.after(async () => {
    await blobs.close();
    await close();
    store.stop();
    await database.destroy();
  });
  const addDevice = (deviceId: string) => bench.addDevice(deviceId, { type: 'sas', primaryKey: deviceKey.toString('base64') });
  await addDevice('dev1');
  const tokenOf = (resource: string) =>
    formatSasToken({
      resource: `${hubHost}${resource}`,
      key: deviceKey,
      expirySeconds: Math.ceil(bench.clock.now() / secondMs) + 86_400,
    });
  const ask = (path: string, body: unknown, deviceId = 'dev1', headers: Record<string, string> = {}) =>
    client.ask('POST', `/devices/${deviceId}${path}`, { authorization: tokenOf(`/devices/${deviceId}`), body, headers });
  const begin = async (blobName: string, deviceId = 'dev1'): Promise<Ticket> =>
    (await ask('/files', { blobName }, deviceId)).json;
  const notify = (correlationId: string, isSuccess = true) =>
    ask('/files/notifications', { correlationId, isSuccess, statusCode: 200, statusDescription: 'OK' });
  const blob = (method: string, path: string, more: ServiceAsk = {}) => blobs.ask(method, path, { authorization: '', ...more });
  const pathOf = ({ containerName, blobName, sasToken }: Ticket) => `/${containerName}/${blobName}${sasToken}`;
  const sas = (name: string, permissions: string, ms = hourMs) =>
    formatBlobSas(key, { container: 'uploads', name }, { permissions, expiresAt: plus(platform.clock.now(), ms) });
  return { bench, client, platform, disk, store, refused, addDevice, tokenOf, ask, begin, notify, blob, pathOf, sas };
}

test('hub 90: a file that is put in one request is there, and back ends hear of it once the device has said so in the body', async (t) => {
  const { bench, begin, notify, blob, pathOf } = await setUp(t);
  const ticket = await begin('path/file.txt');
  assert.deepEqual(
    { ...ticket, correlationId: '', sasToken: '' },
    {
      correlationId: '',
      hostName: 'files.example:8445',
      containerName: 'uploads',
      blobName: 'dev1/path/file.txt',
      sasToken: '',
    },
  );
  const put = await blob('PUT', pathOf(ticket), { headers: whole, body: '<script>' });
  assert.deepEqual([put.status, put.text], [201, '']);
  assert.match(String(put.headers.etag), /^"[0-9a-f]{32}"$/);
  const { notifications } = bench.hub.files;
  assert.equal(await notifications.receive(), undefined);
  assert.equal((await notify(ticket.correlationId)).status, 204);
  const held = await notifications.receive();
  assert.equal(held?.notification.deviceId, 'dev1');
  assert.equal(held?.notification.blobName, 'dev1/path/file.txt');
  assert.equal(held?.notification.blobUri, 'https://files.example:8445/uploads/dev1/path/file.txt');
  assert.equal(held?.notification.blobBytes, 8);
  const again = await notify(ticket.correlationId);
  assert.equal(again.status, 404);
});

test('hub 91: the id may stand in the path; a failure ends the upload and nobody hears of it', async (t) => {
  const { bench, ask, begin, blob, pathOf } = await setUp(t);
  const [good, bad] = [await begin('good'), await begin('bad')];
  await blob('PUT', pathOf(good), { headers: whole, body: 'x' });
  const end = (id: string, isSuccess: boolean) =>
    ask(`/files/notifications/${encodeURIComponent(id)}`, { isSuccess, statusCode: 1, statusDescription: '' }, 'dev1', {
      'content-type': 'application/json; charset=utf-8',
      'iothub-name': 'home',
    });
  assert.equal((await end(bad.correlationId, false)).status, 204);
  assert.equal((await end(good.correlationId, true)).status, 204);
  assert.equal((await bench.hub.files.notifications.receive())?.notification.blobName, 'dev1/good');
  assert.equal(await bench.hub.files.notifications.receive(), undefined);
});

test('hub 92: blocks as C sends them, with the slash of the name escaped and no headers, become a file', async (t) => {
  const { begin, notify, blob, sas } = await setUp(t);
  const ticket = await begin('big.bin');
  const base = `/uploads/dev1%2fbig.bin${ticket.sasToken}`;
  const ids = ['     0', '     1'].map((id) => Buffer.from(id).toString('base64'));
  for (const id of ids) assert.equal((await blob('PUT', `${base}&comp=block&blockid=${id}`, { body: `<${id}>` })).status, 201);
  const list = `<?xml version="1.0" encoding="utf-8"?>\r\n<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join('')}</BlockList>`;
  assert.equal((await blob('PUT', `${base}&comp=blocklist`, { body: list })).status, 201);
  assert.equal((await notify(ticket.correlationId)).status, 204);
  assert.equal((await blob('GET', `/uploads/dev1/big.bin${sas('dev1/big.bin', 'r')}`)).text, `<${ids[0]}><${ids[1]}>`);
});

test('hub 93: the eleventh upload that is open is refused, and the first that is over makes room', async (t) => {
  const { bench, ask, begin, addDevice } = await setUp(t);
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => ask('/files', { blobName: `${i}` })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [...Array(10).fill(200), 403, 403]);
  const { code, headers } = answers.find(({ status }) => status === 403) ?? assert.fail();
  assert.equal(code, 'DeviceMaximumActiveFileUploadLimitExceeded');
  assert.equal(headers['iothub-errorcode'], code);
  await addDevice('dev2');
  assert.equal((await begin('x', 'dev2')).blobName, 'dev2/x');
  bench.clock.advance(hourMs);
  assert.equal((await ask('/files', { blobName: '10' })).status, 200);
});

test('hub 94: an id that is over, one that nobody has and one that is none are told apart; another device’s is nobody’s', async (t) => {
  const { bench, begin, notify, ask, addDevice } = await setUp(t, defaultFileSettings);
  await addDevice('dev2');
  const late = await begin('late');
  bench.clock.advance(hourMs);
  const { code, status } = await notify(late.correlationId);
  assert.deepEqual([status, code], [400, 'ExpiredFileUploadCorrelationId']);
  for (const id of ['x', '../..', 'MjAzMDAx', 'A'.repeat(500)]) {
    assert.equal((await notify(id)).code, 'InvalidFileUploadCorrelationId');
  }
  assert.equal((await notify('A'.repeat(32))).status, 404);
  const { correlationId } = await begin('own');
  assert.equal((await ask('/files/notifications', { correlationId, isSuccess: true }, 'dev2')).status, 404);
  assert.equal((await notify(correlationId)).status, 204);
  bench.clock.advance(25 * hourMs);
  await begin('x');
  assert.equal((await notify(late.correlationId)).status, 404);
});

test('a success without a file is refused, and the device may still write it', async (t) => {
  const { begin, notify, blob, pathOf } = await setUp(t);
  const ticket = await begin('f');
  assert.equal((await notify(ticket.correlationId)).code, 'InvalidStorageEndpointOrBlob');
  await blob('PUT', pathOf(ticket), { headers: whole, body: 'x' });
  assert.equal((await notify(ticket.correlationId)).status, 204);
});

test('a device that is deleted leaves its files and takes its open uploads along', async (t) => {
  const { bench, store, begin, notify, blob, pathOf, addDevice } = await setUp(t);
  const ticket = await begin('f');
  await blob('PUT', pathOf(ticket), { headers: whole, body: 'x' });
  await bench.hub.registry.delete('dev1');
  assert.equal((await store.load({ container: 'uploads', name: 'dev1/f' }))?.bytes, 1);
  await addDevice('dev1');
  assert.equal((await notify(ticket.correlationId)).status, 404);
});

test('a module uploads nothing, neither for itself nor for its device', async (t) => {
  const { bench, client, ask, tokenOf } = await setUp(t);
  await bench.addModule('dev1', 'm', { type: 'sas', primaryKey: deviceKey.toString('base64') });
  assert.equal((await ask('/modules/m/files', { blobName: 'x' })).status, 404);
  const authorization = tokenOf('/devices/dev1/modules/m');
  assert.equal((await client.ask('POST', '/devices/dev1/files', { authorization, body: { blobName: 'x' } })).status, 401);
});

test('without a place for files, devices are told that nothing is configured', async (t) => {
  const { bench, client, close } = await openHubService();
  t.after(close);
  await bench.addDevice('dev1', { type: 'sas', primaryKey: deviceKey.toString('base64') });
  const expirySeconds = Math.ceil(bench.clock.now() / secondMs) + 600;
  const authorization = formatSasToken({ resource: `${hubHost}/devices/dev1`, key: deviceKey, expirySeconds });
  const { code } = await client.ask('POST', '/devices/dev1/files', { authorization, body: { blobName: 'x' } });
  assert.equal(code, 'DefaultStorageEndpointNotConfigured');
});

test('a name that no blob can have is refused before anything is written', async (t) => {
  const { ask } = await setUp(t);
  for (const blobName of [
    '',
    '..',
    '../dev2/f',
    'a/../../b',
    '..\\..\\x',
    '/abs',
    'a//b',
    'a/',
    'nul\0',
    'line\n',
    'x'.repeat(896),
    '\ud800',
    1,
    null,
  ]) {
    const { status, code } = await ask('/files', { blobName });
    assert.deepEqual([status, code], [400, 'ArgumentInvalid'], JSON.stringify(blobName));
  }
});

/** Nobody may find out from an answer which of these was nearly right. */
test('a signature for another blob, another deed, another time or by another key opens nothing', async (t) => {
  const { platform, store, refused, blob, sas } = await setUp(t);
  const other = { ...key, key: Buffer.alloc(64, 5) };
  const forged = formatBlobSas(
    other,
    { container: 'uploads', name: 'dev1/f' },
    { permissions: 'rw', expiresAt: plus(platform.clock.now(), hourMs) },
  );
  const soon = sas('dev1/f', 'rw', minuteMs);
  const put = (query: string, path = '/uploads/dev1/f') => blob('PUT', `${path}${query}`, { headers: whole, body: 'x' });
  const cases: [query: string, path: string | undefined, reason: string][] = [
    ['', undefined, 'token-malformed'],
    [sas('dev2/f', 'rw'), undefined, 'token-signature'],
    [sas('dev1/F', 'rw'), undefined, 'token-signature'],
    [sas('dev1', 'rw'), undefined, 'token-signature'],
    [sas('dev1/f', 'rw'), '/uploads-plant/dev1/f', 'token-signature'],
    [sas('dev1/f', 'r').replace('sp=r', 'sp=rw'), undefined, 'token-signature'],
    [soon.replace(/se=[^&]+/, 'se=2999-01-01T00%3A00%3A00Z'), undefined, 'token-signature'],
    [forged, undefined, 'token-signature'],
    [sas('dev1/f', 'r'), undefined, 'policy-right-missing'],
  ];
  for (const [query, path, reason] of cases) {
    refused.length = 0;
    const { status, text } = await put(query, path);
    assert.equal(status, 403, query);
    assert.deepEqual(refused, [reason]);
    assert.match(text, /The shared access signature was refused\./);
  }
  platform.clock.advance(minuteMs);
  assert.equal((await put(soon)).status, 403);
  assert.equal(refused.at(-1), 'token-expired');
  const { status } = await blob('DELETE', `/uploads/dev1/f${sas('dev1/f', 'rw')}`);
  assert.equal(status, 403);
  assert.equal(await store.load({ container: 'uploads', name: 'dev1/f' }), undefined);
});

const bomb = `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(500)}">]><BlockList><Latest>&a;</Latest></BlockList>`;
const hostile: [what: string, method: string, query: string, more: ServiceAsk, status: number, code: string][] = [
  ['no blob type', 'PUT', '', { body: 'x' }, 400, 'MissingRequiredHeader'],
  ['another blob type', 'PUT', '', { headers: { 'x-ms-blob-type': 'PageBlob' }, body: 'x' }, 400, 'MissingRequiredHeader'],
  ['no length', 'PUT', '', { headers: { ...whole, 'transfer-encoding': 'chunked' } }, 411, 'MissingContentLengthHeader'],
  ['too much', 'PUT', '', { headers: whole, body: 'x'.repeat(1001) }, 413, 'RequestBodyTooLarge'],
  ['a block that is too much', 'PUT', '&comp=block&blockid=YQ==', { body: 'x'.repeat(1001) }, 413, 'RequestBodyTooLarge'],
  ['a block without an id', 'PUT', '&comp=block', { body: 'x' }, 400, 'InvalidBlockId'],
  ['an id that is no base64', 'PUT', '&comp=block&blockid=..%2f..', { body: 'x' }, 400, 'InvalidBlockId'],
  ['a giant id', 'PUT', `&comp=block&blockid=${'A'.repeat(4000)}`, { body: 'x' }, 400, 'InvalidBlockId'],
  ['a bomb', 'PUT', '&comp=blocklist', { body: bomb }, 400, 'InvalidXmlDocument'],
  [
    'a list of what is not there',
    'PUT',
    '&comp=blocklist',
    { body: '<BlockList><Latest>YQ==</Latest></BlockList>' },
    400,
    'InvalidBlockList',
  ],
  ['a list without end', 'PUT', '&comp=blocklist', { headers: { 'content-length': '999999999' } }, 413, 'RequestBodyTooLarge'],
  ['metadata', 'PUT', '&comp=metadata', { body: '' }, 501, 'NotImplemented'],
  ['a snapshot', 'GET', '&snapshot=2030', {}, 501, 'NotImplemented'],
  ['a list of blobs', 'GET', '&restype=container&comp=list', {}, 501, 'NotImplemented'],
  [
    'headers that we would not keep',
    'PUT',
    '',
    { headers: { ...whole, 'x-ms-meta-a': '1' }, body: 'x' },
    400,
    'UnsupportedHeader',
  ],
  ['a copy', 'PUT', '', { headers: { ...whole, 'x-ms-copy-source': 'https://x/' }, body: 'x' }, 400, 'UnsupportedHeader'],
  [
    'a wrong digest',
    'PUT',
    '',
    { headers: { ...whole, 'content-md5': Buffer.alloc(16).toString('base64') }, body: 'x' },
    400,
    'Md5Mismatch',
  ],
  ['another verb', 'POST', '', { body: 'x' }, 405, 'UnsupportedHttpVerb'],
  ['what is not there', 'GET', '', {}, 404, 'BlobNotFound'],
];
test('what the store does not take or not do is answered in the service’s words and writes nothing', async (t) => {
  const { disk, blob, sas } = await setUp(t);
  for (const [what, method, query, more, status, code] of hostile) {
    const answer = await blob(method, `/uploads/dev1/f${sas('dev1/f', 'rw')}${query}`, more);
    assert.deepEqual([answer.status, answer.headers['x-ms-error-code']], [status, code], what);
    assert.match(answer.text, /^<\?xml version="1.0" encoding="utf-8"\?><Error><Code>/);
    assert.deepEqual(await disk.list('/files'), [], what);
  }
});

test('what a device sent is never shown as a page, and is read whole or in part', async (t) => {
  const { blob, sas } = await setUp(t);
  const path = `/uploads/dev1/f${sas('dev1/f', 'rw')}`;
  await blob('PUT', path, { headers: whole, body: '<script>' });
  const got = await blob('GET', path);
  assert.deepEqual([got.status, got.text, got.headers['content-type']], [200, '<script>', 'text/html']);
  assert.equal(got.headers['content-disposition'], 'attachment');
  assert.equal(got.headers['content-security-policy'], "default-src 'none'; sandbox");
  assert.equal(got.headers['x-content-type-options'], 'nosniff');
  assert.equal(got.headers['referrer-policy'], 'no-referrer');
  const part = await blob('GET', path, { headers: { 'x-ms-range': 'bytes=1-3' } });
  assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, 'scr', 'bytes 1-3/8']);
  assert.equal((await blob('GET', path, { headers: { range: 'bytes=8-' } })).status, 416);
  const head = await blob('HEAD', path);
  assert.deepEqual([head.status, head.headers['content-length']], [200, '8']);
  assert.equal((await blob('PUT', path, { headers: { ...whole, 'if-none-match': '*' }, body: 'x' })).status, 409);
  assert.equal((await blob('DELETE', `/uploads/dev1/f${sas('dev1/f', 'd')}`)).status, 202);
  assert.equal((await blob('HEAD', path)).status, 404);
});

test('a full disk is answered 503, and the same request goes through when there is room', async (t) => {
  const { disk, blob, sas } = await setUp(t);
  const path = `/uploads/dev1/f${sas('dev1/f', 'rw')}`;
  disk.room = 0;
  assert.equal((await blob('PUT', path, { headers: whole, body: 'x' })).status, 503);
  disk.room = 100;
  assert.equal((await blob('PUT', path, { headers: whole, body: 'x' })).status, 201);
});
