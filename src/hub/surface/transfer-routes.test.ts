import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { defaultFileSettings } from '#hub/files/limits.ts';
import { ownTarget } from '#hub/files/upload-target.ts';
import { ownContainer } from '#hub/transfers/own-container.ts';
import { openDatabase } from '#storage/database.ts';
import { defaultFileLimits } from '#storage/file-limits.ts';
import { FileStore } from '#storage/file-store.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { eventually } from '#test/support/eventually.ts';
import type { HubBench } from '#test/support/hub-bench.ts';
import { openHubService, type ServiceClient } from '#test/support/service-client.ts';
import { testPlatform } from '#test/support/test-platform.ts';

const container = 'uploads';
const uri = `https://files.example:8445/${container}?sv=2021&sig=secret`;

describe('imports and exports of the registry', () => {
  let bench: HubBench;
  let client: ServiceClient;
  let store: FileStore;
  let close: () => Promise<void>;
  let made = 0;
  /** What writing waits for. */
  let gate = Promise.resolve();
  before(async () => {
    const platform = testPlatform();
    const database = await openDatabase('sqlite::memory:');
    store = await FileStore.open({ platform, database, directory: '/files', files: new CrashDisk(), limits: defaultFileLimits });
    const where = { containerName: container, hostName: () => 'files.example:8445' };
    const files = {
      settings: defaultFileSettings,
      target: ownTarget(store, { account: 'a', key: Buffer.alloc(64, 1) }, where),
      transfers: ownContainer(
        {
          read: (address) => store.read(address),
          commit: (...all) => store.commit(...all),
          async stage(...all) {
            await gate;
            return store.stage(...all);
          },
        },
        where,
      ),
    };
    const service = await openHubService({ files });
    ({ bench, client } = service);
    close = async () => {
      await service.close();
      store.stop();
      await database.destroy();
    };
  });
  after(() => close());

  const create = (body: object) => client.ask('POST', '/jobs/create', { body });
  const jobOf = async (jobId: string) => (await client.ask('GET', `/jobs/${jobId}`)).json;
  /** One at a time: the one before has ended when this one begins. */
  async function run(body: object) {
    const { status, json } = await create(body);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.status, 'enqueued');
    await eventually(async () => (['completed', 'failed'].includes((await jobOf(json.jobId)).status) ? true : undefined));
    return jobOf(json.jobId);
  }
  async function readBlob(name: string): Promise<string> {
    const found = await store.read({ container, name });
    const pieces: Buffer[] = [];
    if (found) for await (const piece of found.pieces) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }
  async function writeBlob(name: string, text: string): Promise<void> {
    const body = Buffer.from(text);
    await store.write({ container, name }, { bytes: body.length, chunks: [body] as never });
  }
  const linesOf = async (name: string) =>
    (await readBlob(name))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const exported = { type: 'export', outputBlobContainerUri: uri, excludeKeysInExport: false };

  test('what was exported, deleted and imported again is as it was', async () => {
    const prefix = `t${++made}`;
    await client.ask('PUT', `/devices/${prefix}-a`, { body: { status: 'disabled', statusReason: 'spare' } });
    await client.ask('PATCH', `/twins/${prefix}-a`, { body: { tags: { x: 1 }, properties: { desired: { y: { z: 2 } } } } });
    await client.ask('PUT', `/devices/${prefix}-a/modules/m`, { body: { authentication: { type: 'sas' } } });
    await client.ask('PATCH', `/twins/${prefix}-a/modules/m`, { body: { tags: { m: 1 } } });
    const edge = (await client.ask('PUT', `/devices/${prefix}-z`, { body: { capabilities: { iotEdge: true } } })).json;
    await client.ask('PATCH', `/twins/${prefix}-z/modules/$edgeAgent`, { body: { properties: { desired: { modules: {} } } } });
    await client.ask('PUT', `/devices/${prefix}-b`, { body: { deviceScope: edge.deviceScope } });
    const urls = ['/devices', '/twins'].flatMap((kind) => ['a', 'a/modules/m', 'b', 'z'].map((id) => `${kind}/${prefix}-${id}`));
    /** What an export keeps: no tags of identities, no times, and no scope, which has a generation in it. */
    const read = async () => {
      const all = [];
      for (const url of urls) {
        const { json } = await client.ask('GET', url);
        const { tags, status, statusReason, capabilities, properties, authentication } = json;
        const parents = (json.parentScopes ?? []).map((scope: string) => scope.replace(/-\d+$/, ''));
        const { $metadata: _, $version: __, ...desired } = properties?.desired ?? {};
        all.push({ tags, status, statusReason, capabilities, desired, authentication, parents });
      }
      return all;
    };
    const first = await read();
    const job = await run({ ...exported, outputBlobName: `${prefix}.txt` });
    assert.deepEqual([job.status, job.progress, job.type, job.failureReason], ['completed', 100, 'export', null]);
    assert.ok(!JSON.stringify(job).includes('secret'));
    for (const id of ['a', 'b', 'z']) await client.ask('DELETE', `/devices/${prefix}-${id}`);
    const back = await run({
      type: 'import',
      inputBlobContainerUri: uri,
      inputBlobName: `${prefix}.txt`,
      outputBlobContainerUri: uri,
    });
    assert.equal(back.status, 'completed', JSON.stringify(back));
    assert.deepEqual(await read(), first);
  });

  test('a device whose edge device stands far behind it is put below it all the same, and one below that too', async () => {
    const prefix = `e${++made}`;
    const scope = (id: string) => `ms-azure-iot-edge://${id}-123`;
    const lines = [
      { id: `${prefix}-leaf`, deviceScope: scope(`${prefix}-low`) },
      ...Array.from({ length: 150 }, (_, i) => ({ id: `${prefix}-${i}` })),
      { id: `${prefix}-low`, capabilities: { iotEdge: true }, parentScopes: [scope(`${prefix}-top`)] },
      ...Array.from({ length: 150 }, (_, i) => ({ id: `${prefix}-x${i}` })),
      { id: `${prefix}-top`, capabilities: { iotEdge: true } },
    ];
    await writeBlob('edge.txt', lines.map((line) => JSON.stringify(line)).join('\n'));
    await run({ type: 'import', inputBlobContainerUri: uri, inputBlobName: 'edge.txt', outputBlobContainerUri: uri });
    const parentOf = async (id: string) => (await client.ask('GET', `/devices/${prefix}-${id}`)).json.parentScopes[0];
    const scopeOf = async (id: string) => (await client.ask('GET', `/devices/${prefix}-${id}`)).json.deviceScope;
    assert.equal(await parentOf('low'), await scopeOf('top'));
    assert.equal(await parentOf('leaf'), await scopeOf('low'));
  });

  test('keys are left out where that is asked for', async () => {
    const deviceId = `k${++made}`;
    await client.ask('PUT', `/devices/${deviceId}`, { body: {} });
    await run({ ...exported, outputBlobName: 'bare.txt', excludeKeysInExport: true });
    const line = (await linesOf('bare.txt')).find(({ id }) => id === deviceId);
    assert.deepEqual(line.authentication.symmetricKey, { primaryKey: '', secondaryKey: '' });
    await run({ ...exported, outputBlobName: 'full.txt' });
    const full = (await linesOf('full.txt')).find(({ id }) => id === deviceId);
    assert.equal(Buffer.from(full.authentication.symmetricKey.primaryKey, 'base64').length, 32);
  });

  test('lines that are refused stand in a log by their number, and the others are applied', async () => {
    const prefix = `i${++made}`;
    const lines = [
      { id: `${prefix}-1`, importMode: 'create', tags: { a: 1 } },
      'no json',
      { id: `${prefix} 2` },
      '',
      { id: `${prefix}-3`, importMode: 'update' },
      { id: `${prefix}-4`, importMode: 'conquer' },
      { id: `${prefix}-1`, importMode: 'updateTwin', tags: { b: 2 } },
      [],
      { id: `${prefix}-5`, deviceScope: 'ms-azure-iot-edge://nobody-1' },
    ];
    await writeBlob('devices.txt', lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\r\n'));
    const job = await run({ type: 'import', inputBlobContainerUri: uri, outputBlobContainerUri: uri });
    assert.equal(job.status, 'completed');
    const log = await linesOf('importErrors.log');
    assert.deepEqual(
      log.map(({ line, id, errorCode }) => [line, id, errorCode]),
      [
        [2, '', 'IotHubFormatError'],
        [3, `${prefix} 2`, 'ArgumentInvalid'],
        [5, `${prefix}-3`, 'DeviceNotFound'],
        [6, `${prefix}-4`, 'ArgumentInvalid'],
        [8, '', 'ArgumentInvalid'],
        [9, `${prefix}-5`, 'InvalidDeviceScope'],
      ],
    );
    assert.deepEqual((await client.ask('GET', `/twins/${prefix}-1`)).json.tags, { a: 1, b: 2 });
  });

  test('configurations go with the devices where that is asked for', async () => {
    const id = `c${++made}`;
    const content = { deviceContent: { 'properties.desired.a': 1 } };
    await client.ask('PUT', `/configurations/${id}`, { body: { content, targetCondition: '', priority: 7 } });
    await run({ ...exported, outputBlobName: 'with.txt', includeConfigurations: true, configurationsBlobName: 'c.txt' });
    await client.ask('DELETE', `/configurations/${id}`);
    const job = await run({
      type: 'import',
      inputBlobContainerUri: uri,
      inputBlobName: 'with.txt',
      outputBlobContainerUri: uri,
      includeConfigurations: true,
      configurationsBlobName: 'c.txt',
    });
    assert.equal(job.status, 'completed');
    const { json } = await client.ask('GET', `/configurations/${id}`);
    assert.deepEqual([json.priority, json.content], [7, content]);
  });

  test('one at a time, of this hub’s container alone, and what is missing is said', async () => {
    const rows: [object, string][] = [
      [{}, 'ArgumentInvalid'],
      [{ type: 'export' }, 'ArgumentInvalid'],
      [{ type: 'import', outputBlobContainerUri: uri }, 'ArgumentInvalid'],
      [{ type: 'export', outputBlobContainerUri: 'https://elsewhere.example/uploads' }, 'InvalidStorageEndpointOrBlob'],
      [{ type: 'export', outputBlobContainerUri: 'https://files.example:8445/other' }, 'InvalidStorageEndpointOrBlob'],
      [{ type: 'export', outputBlobContainerUri: 'file:///etc' }, 'InvalidStorageEndpointOrBlob'],
    ];
    for (const [body, code] of rows) assert.equal((await create(body)).code, code, JSON.stringify(body));
    const nothing = await run({
      type: 'import',
      inputBlobContainerUri: uri,
      inputBlobName: 'none.txt',
      outputBlobContainerUri: uri,
    });
    assert.deepEqual([nothing.status, nothing.failureReason], ['failed', 'There is no blob none.txt.']);
    await writeBlob('long.txt', `{"id":"${'x'.repeat(600_000)}"}`);
    const long = await run({
      type: 'import',
      inputBlobContainerUri: uri,
      inputBlobName: 'long.txt',
      outputBlobContainerUri: uri,
    });
    assert.equal(long.status, 'failed');
    assert.equal((await client.ask('GET', '/jobs/none')).code, 'JobNotFound');
    assert.equal((await client.ask('DELETE', `/jobs/${long.jobId}`)).code, 'OperationNotAllowedInCurrentState');
    const v2 = await client.ask('GET', `/jobs/v2/${long.jobId}`, { policy: 'service' });
    assert.deepEqual([v2.json.type, v2.json.status], ['import', 'unknown']);
    const listed = (await client.ask('GET', '/jobs')).json;
    assert.equal(listed.find(({ jobId }: { jobId: string }) => jobId === long.jobId).status, 'failed');
    await bench.addDevice(`one${++made}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const one = await create({ ...exported, outputBlobName: 'x' });
    const two = await create({ ...exported, outputBlobName: 'y' });
    assert.deepEqual([one.status, two.code], [200, 'JobQuotaExceeded']);
    resolve();
    await eventually(async () => ((await jobOf(one.json.jobId)).status === 'completed' ? true : undefined));
  });
});
