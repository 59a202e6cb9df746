import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ReceivedEventData } from '@azure/event-hubs';
import iothub from 'azure-iothub';
import { requestHttp } from '#cli/kit/http-client.ts';
import { type EventBench, openEventBench, type Subscription } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';

const json = { 'iothub-contenttype': 'application/json', 'iothub-contentencoding': 'utf-8' };

let bench: EventBench;
before(async () => {
  bench = await openEventBench([], { HOMEPORT_OUTGOING__ALLOWED: '127.0.0.1', HOMEPORT_OUTGOING__ALLOW_HTTP: 'true' });
});
after(() => bench?.close());

const sourceOf = ({ systemProperties }: ReceivedEventData) => systemProperties?.['iothub-message-source'];
const operations = (reader: Subscription, source: string, deviceId: string) =>
  reader.events
    .filter((event) => sourceOf(event) === source && event.properties?.deviceId === deviceId)
    .map(({ properties }) => properties?.opType);
/** A line of the guide as a shell takes it. */
function typed(line: string): Promise<string> {
  const [command = '', ...words] = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
  return bench.home.ok(command, words);
}
const run = (...words: string[]) => bench.home.ok('homeport', words);

/** What the commands do, without a process for each. */
async function ask(method: 'GET' | 'PUT' | 'DELETE', path: string, json?: object): Promise<string> {
  const target = { socketPath: join(bench.home.data, 'admin.sock') };
  const answer = await requestHttp(target, { method, path: `/hub/routing${path}`, ...(json && { json }) });
  assert.ok(answer.status < 300, answer.body.toString());
  return answer.body.toString();
}
const route = (name: string, more: object = {}) =>
  ask('PUT', `/routes/${name}`, { source: 'DeviceMessages', endpointNames: ['events'], ...more });
const withoutRoutes = async (...names: string[]) => {
  for (const name of names) await ask('DELETE', `/routes/${name}`);
};

test('the commands of the guide do what it says', async () => {
  const [first = '', trial = '', enrich = '', cold = '', dead = ''] = blocksOf('sh', 'route-messages.md');
  const lines = (block: string) => block.trim().split('\n');
  for (const line of lines(first).slice(0, 2)) assert.match(await typed(line), /to events\.$/m);
  assert.match(await typed(lines(first)[2] ?? ''), /twins\tTwinChangeEvents\ttrue\tevents\tyes/);
  for (const line of lines(trial)) assert.equal((await typed(line)).trim(), 'true');
  for (const line of lines(enrich)) assert.match(await typed(line), /site.*\$twin\.tags\.site/);
  const [create = '', route = '', list = '', files = ''] = lines(cold);
  assert.match(await typed(create), /^Created cold\.$/m);
  assert.match(await typed(route), /to cold, events\.$/m);
  assert.match(await typed(list), /^cold\tfiles\t/m);
  await typed(files);
  const [letters = '', replay = ''] = lines(dead);
  await typed(letters);
  assert.match(await typed(replay), /^Replayed 0; 0 remaining\.$/m);
  await run('hub', 'route', 'delete', 'twins');
  await withoutRoutes('hot', 'archive');
  await run('hub', 'enrichment', 'delete', 'site');
  await run('hub', 'destination', 'delete', 'cold');
});

test('a condition that does not compile is refused with a caret at the place', async () => {
  const wrong = await bench.home.run('homeport', ['hub', 'route', 'create', 'x', '--condition', 'level = AND']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /Line 1, column 9:\n\s+level = AND\n\s+\^/);
  const missing = await bench.home.run('homeport', ['hub', 'route', 'delete', 'nothing']);
  assert.equal(missing.code, 5);
});

test('hub-service 91, 92, 94: with routes, changes of twins, lives and connections of devices come, with what enrichments add', async () => {
  const registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
  const reader = bench.read();
  const device = async (deviceId: string) => {
    await bench.send(deviceId, [{ body: '{"n":1}', properties: json }]);
    const twin = await registry.getTwin(deviceId);
    await twin.responseBody.update({ tags: { site: 'north' } });
  };
  await device('quiet');
  await bench.count(reader, 1);
  await route('tw', { source: 'TwinChangeEvents' });
  await route('life', { source: 'DeviceLifecycleEvents' });
  await route('conn', { source: 'DeviceConnectionStateEvents' });
  await ask('PUT', '/enrichments/place', { value: '$twin.tags.site', endpointNames: ['events'] });
  await registry.create({ deviceId: 'made' });
  await registry.delete('made');
  await device('loud');
  await (await bench.connectDevice(registry, 'loud')).close();
  await eventually(() => operations(reader, 'deviceConnectionStateEvents', 'loud').length >= 2 || undefined, 30_000);
  // Partitions are read side by side.
  await eventually(() => operations(reader, 'deviceLifecycleEvents', 'made').length >= 2 || undefined, 30_000);
  assert.deepEqual(operations(reader, 'deviceLifecycleEvents', 'made'), ['createDeviceIdentity', 'deleteDeviceIdentity']);
  assert.deepEqual(operations(reader, 'deviceConnectionStateEvents', 'loud'), ['deviceConnected', 'deviceDisconnected']);
  assert.deepEqual(operations(reader, 'twinChangeEvents', 'quiet'), []);
  const change = await eventually(() => reader.events.find((event) => sourceOf(event) === 'twinChangeEvents'), 30_000);
  assert.deepEqual(change.body.tags, { site: 'north' });
  assert.equal(typeof change.body.version, 'number');
  assert.equal(change.properties?.['iothub-message-schema'], 'twinChangeNotification');
  assert.equal(change.properties?.opType, 'updateTwin');
  assert.equal(change.properties?.place, 'north');
  await bench.send('loud', [{ body: '{"n":2}', properties: { ...json, place: 'mine' } }]);
  const told = await eventually(() => reader.events.find((event) => event.body?.n === 2 && sourceOf(event) === 'Telemetry'));
  assert.equal(told.properties?.place, 'north');
  const numbers = new Map<string, number[]>();
  for (const { sequenceNumber, systemProperties } of reader.events) {
    const id = String(systemProperties?.['iothub-connection-device-id']);
    numbers.set(id, [...(numbers.get(id) ?? []), sequenceNumber]);
  }
  for (const each of numbers.values())
    assert.deepEqual(
      each,
      [...each].sort((a, b) => a - b),
    );
  await withoutRoutes('tw', 'life', 'conn');
  await ask('DELETE', '/enrichments/place');
  await reader.close();
});

test('hub-service 93: by the published clients too, a condition on the body takes only JSON that says that it is UTF-8', async () => {
  await route('hot', { condition: '$body.temperature > 30' });
  await ask('PUT', '/fallback', { isEnabled: false });
  const reader = bench.read();
  await bench.send('oven', [
    { body: '{"temperature":31,"n":1}', properties: json },
    { body: '{"temperature":31,"n":2}' },
    { body: '{"temperature":29,"n":3}', properties: json },
    { body: '{"temperature":32,"n":4}', properties: json },
  ]);
  const bodies = () => reader.bodiesOf('oven') as { n: number }[];
  await eventually(() => bodies().length >= 2 || undefined);
  assert.deepEqual(
    bodies().map(({ n }) => n),
    [1, 4],
  );
  await run('hub', 'route', 'fallback', 'on');
  await withoutRoutes('hot');
  await reader.close();
});

test('a webhook gets what a route takes to it, also what came while the server was killed and it was away', async () => {
  const got: number[] = [];
  let isAway = true;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (!isAway) for (const { Body } of JSON.parse(Buffer.concat(chunks).toString())) got.push(Body.n);
      response.writeHead(isAway ? 503 : 200).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await run('hub', 'destination', 'create', 'hook', '--type', 'webhook', '--url', `http://127.0.0.1:${port}/in?code=secret`);
  await route('to-hook', { condition: "deviceKind = 'hooked'", endpointNames: ['hook'] });
  const send = (from: number) =>
    bench.send(
      'hooked',
      Array.from({ length: 50 }, (_, n) => ({
        body: JSON.stringify({ n: from + n }),
        properties: { ...json, deviceKind: 'hooked' },
      })),
    );
  await send(0);
  await eventually(async () => (await ask('GET', '')).includes('"unhealthy"') || undefined);
  await bench.home.kill();
  await bench.home.restart();
  await send(50);
  isAway = false;
  await eventually(() => got.length >= 100 || undefined, 60_000);
  // At least once: what came before may come again, and never out of order.
  assert.deepEqual(
    [...new Set(got)],
    Array.from({ length: 100 }, (_, n) => n),
  );
  assert.ok(!(await ask('GET', '')).includes('secret'));
  await withoutRoutes('to-hook');
  server.close();
  server.closeAllConnections();
});
