import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { hubHost, until } from '#test/support/hub-bench.ts';
import { apiVersion, openHubService, type ServiceAsk } from '#test/support/service-client.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import type { NewMessage } from '../cloud-to-device/message.ts';

const key = Buffer.alloc(32, 9);
const events = '/devices/dev1/messages/events';
const queue = '/devices/dev1/messages/devicebound';
const batchType = { 'content-type': 'application/vnd.microsoft.iothub.json' };

async function setUp(t: TestContext) {
  const { bench, client, close } = await openHubService();
  t.after(close);
  await bench.addDevice('dev1', { type: 'sas', primaryKey: key.toString('base64') });
  const tokenOf = (resource = `${hubHost}/devices/dev1`, seconds = 600) =>
    formatSasToken({ resource, key, expirySeconds: Math.ceil(bench.clock.now() / secondMs) + seconds });
  const ask = (method: string, path: string, more: ServiceAsk = {}) =>
    client.ask(method, path, { authorization: tokenOf(), ...more });
  const queued = (body: string, more: Partial<NewMessage> = {}) =>
    bench.hub.cloudToDevice.send('dev1', { body: Buffer.from(body), ...more });
  const stored = async () =>
    (await bench.stored('Telemetry')).map((event) => ({ body: event.body.toString(), ...event.properties() }));
  const receive = async () => {
    const { status, headers, text } = await ask('GET', queue);
    return { status, headers, text, lock: String(headers.etag).slice(1, -1) };
  };
  return { bench, client, tokenOf, ask, queued, stored, receive };
}

test('hub 85: a message is answered 204 when it is stored, with its headers as properties', async (t) => {
  const { ask, stored } = await setUp(t);
  const headers = {
    'IoTHub-MessageId': 'm-1',
    'IoTHub-CorrelationId': 'c-1',
    'iothub-to': events,
    'iothub-contenttype': 'application/json',
    'iothub-contentencoding': 'utf-8',
    'dt-subject': 'thermostat',
    'iothub-app-Alert': 'true & more=1',
    'iothub-app-umlaut': Buffer.from('ü').toString('latin1'),
    'user-agent': 'someone',
  };
  const { status, text } = await ask('POST', events, { headers, body: '{"t":1}' });
  assert.deepEqual([status, text], [204, '']);
  const [event, ...others] = await stored();
  assert.equal(others.length, 0);
  assert.equal(event?.body, '{"t":1}');
  assert.deepEqual({ ...event?.application }, { Alert: 'true & more=1', umlaut: 'ü' });
  const { system } = event ?? assert.fail();
  assert.equal(system['message-id'], 'm-1');
  assert.equal(system['correlation-id'], 'c-1');
  assert.equal(system.to, events);
  assert.equal(system['content-type'], 'application/json');
  assert.equal(system['content-encoding'], 'utf-8');
  assert.equal(system['dt-subject'], 'thermostat');
  assert.equal(system['iothub-connection-device-id'], 'dev1');
  assert.match(String(system['iothub-connection-auth-method']), /"type":"sas"/);
});

test('the answer waits for the disk', async (t) => {
  const { bench, ask } = await setUp(t);
  const held = bench.holdSyncs();
  let status: number | undefined;
  const asked = ask('POST', events, { body: 'x' }).then((answer) => {
    status = answer.status;
  });
  await until('the sync is asked for', () => held.asked > 0);
  assert.equal(status, undefined);
  held.end();
  await asked;
  assert.equal(status, 204);
});

test('hub 86: a batch is taken whole, with base64 said, left out or denied', async (t) => {
  const { ask, stored } = await setUp(t);
  const body = [
    { body: Buffer.from('one').toString('base64'), properties: { 'iothub-app-A': '1', 'dt-subject': 'x' } },
    { body: Buffer.from([0, 255]).toString('base64'), base64Encoded: true, properties: { 'iothub-messageid': 'm' } },
    { body: 'plain', base64Encoded: false },
  ];
  assert.equal((await ask('POST', events, { headers: batchType, body })).status, 204);
  const all = await stored();
  assert.deepEqual(
    all.map((event) => event.body),
    ['one', '\0\ufffd', 'plain'],
  );
  assert.deepEqual({ ...all[0]?.application }, { A: '1' });
  assert.equal(all[0]?.system['dt-subject'], 'x');
  assert.equal(all[1]?.system['message-id'], 'm');
});

const half = 'x'.repeat(130 * 1024);
const badBatches: [what: string, body: unknown, status: number, code: string][] = [
  ['no array', { body: 'eA==' }, 400, 'ArgumentInvalid'],
  ['an empty array', [], 400, 'ArgumentInvalid'],
  ['an entry without a body', [{ body: 'eA==' }, {}], 400, 'ArgumentInvalid'],
  ['a body that is no text', [{ body: 1 }], 400, 'ArgumentInvalid'],
  ['a body that is no base64', [{ body: 'eA==' }, { body: '%%%' }], 400, 'ArgumentInvalid'],
  ['properties that are no texts', [{ body: 'eA==', properties: { a: {} } }], 400, 'ArgumentInvalid'],
  ['a property without a name', [{ body: 'eA==', properties: { 'iothub-app-': 'x' } }], 400, 'ArgumentInvalid'],
  ['no JSON', '[{', 400, 'IotHubFormatError'],
  ['an abyss', '['.repeat(100_000), 400, 'IotHubFormatError'],
  ['1001 messages', Array.from({ length: 1_001 }, () => ({ body: '' })), 400, 'ArgumentInvalid'],
  ['more than 256 KB together', [half, half].map((body) => ({ body, base64Encoded: false })), 413, 'MessageTooLarge'],
  ['more than 1 MiB as it is sent', 'x'.repeat(1024 * 1024 + 1), 413, 'MessageTooLarge'],
];
for (const [what, body, status, code] of badBatches) {
  test(`a batch that is ${what} is refused with ${status}, and nothing of it is stored`, async (t) => {
    const { ask, stored } = await setUp(t);
    const answer = await ask('POST', events, { headers: batchType, body });
    assert.deepEqual([answer.status, answer.code], [status, code]);
    assert.deepEqual(await stored(), []);
  });
}

test('a message over 256 KB is refused with 413, and one of 256 KB is taken', async (t) => {
  const { ask, stored } = await setUp(t);
  assert.equal((await ask('POST', events, { body: Buffer.alloc(256 * 1024 + 1, 'x') })).code, 'MessageTooLarge');
  assert.equal((await ask('POST', events, { body: Buffer.alloc(256 * 1024, 'x') })).status, 204);
  assert.equal((await stored()).length, 1);
});

test('hub 87: a message is fetched with what was said of it, completed, and gone', async (t) => {
  const { bench, ask, queued, receive } = await setUp(t);
  assert.equal((await receive()).status, 204);
  const said = { messageId: 'm-1', correlationId: 'c-1', userId: 'u', contentType: 'text/plain', contentEncoding: 'utf-8' };
  const application = [
    ['Alert', 'ü'],
    ['empty', ''],
  ] as const;
  const { sequence } = await queued('hello', { ...said, acknowledgement: 'full', application });
  const { status, headers, text, lock } = await receive();
  assert.deepEqual([status, text], [200, 'hello']);
  assert.match(String(headers.etag), /^"[0-9a-f-]{36}"$/);
  const shown = Object.entries(headers).filter(([name]) => name.startsWith('iothub-'));
  assert.deepEqual(Object.fromEntries(shown), {
    'iothub-messageid': 'm-1',
    'iothub-sequencenumber': String(sequence),
    'iothub-to': '/devices/dev1/messages/deviceBound',
    'iothub-correlationid': 'c-1',
    'iothub-userid': 'u',
    'iothub-ack': 'full',
    'iothub-enqueuedtime': '2026-06-01T00:00:00.0000000Z',
    'iothub-deliverycount': '0',
    'iothub-contenttype': 'text/plain',
    'iothub-contentencoding': 'utf-8',
    'iothub-app-alert': Buffer.from('ü').toString('latin1'),
  });
  assert.equal((await receive()).status, 204, 'it is locked');
  assert.equal((await ask('DELETE', `${queue}/${lock}`, { ifMatch: lock })).status, 204);
  assert.equal(await bench.hub.cloudToDevice.count('dev1'), 0);
  const again = await ask('DELETE', `${queue}/${lock}`);
  assert.deepEqual([again.status, again.code], [412, 'DeviceMessageLockLost']);
});

test('hub 87: a message is abandoned and comes again, and rejected in either spelling and does not', async (t) => {
  const { bench, ask, queued, receive } = await setUp(t);
  await queued('1');
  const first = await receive();
  assert.equal((await ask('POST', `${queue}/${first.lock}/abandon`, { headers: { IfMatch: first.lock } })).status, 204);
  const second = await receive();
  assert.equal(second.headers['iothub-deliverycount'], '1');
  assert.equal((await ask('DELETE', `${queue}/${second.lock}?${apiVersion}&reject`)).status, 204);
  await queued('2');
  const third = await receive();
  assert.equal((await ask('DELETE', `${queue}/${third.lock}?${apiVersion}&reject=true`)).status, 204);
  assert.equal(await bench.hub.cloudToDevice.count('dev1'), 0);
});

test('hub 88: a message whose lock is over cannot be completed: 412', async (t) => {
  const { bench, ask, queued, receive } = await setUp(t);
  await queued('1');
  const { lock } = await receive();
  bench.clock.advance(70 * secondMs);
  const { status, code } = await ask('DELETE', `${queue}/${lock}`);
  assert.deepEqual([status, code], [412, 'DeviceMessageLockLost']);
  assert.equal((await receive()).text, '1');
});

test('an If-Match that names another lock is refused with 412, and the message stays', async (t) => {
  const { bench, ask, queued, receive } = await setUp(t);
  await queued('1');
  const { lock } = await receive();
  const { status, code } = await ask('DELETE', `${queue}/${lock}`, { ifMatch: '"another"' });
  assert.deepEqual([status, code], [412, 'PreconditionFailed']);
  assert.equal((await ask('DELETE', `${queue}/${lock}`, { ifMatch: `"${lock}"` })).status, 204);
  assert.equal(await bench.hub.cloudToDevice.count('dev1'), 0);
});

test('.NET may say how long it wants to lock, and the words of the path are not told by their case', async (t) => {
  const { ask, queued } = await setUp(t);
  await queued('1');
  const path = `/devices/dev1/messages/deviceBound?${apiVersion}&iothub-messagelocktimeout=60`;
  assert.equal((await ask('GET', path)).text, '1');
});

test('a policy that may connect devices fetches for one, as the command line does', async (t) => {
  const { client, queued } = await setUp(t);
  await queued('1');
  assert.equal((await client.ask('GET', queue, { policy: 'device' })).text, '1');
});

test('a module sends by its own key and not by its device’s', async (t) => {
  const { bench, client, tokenOf } = await setUp(t);
  await bench.addModule('dev1', 'm', { type: 'sas', primaryKey: Buffer.alloc(32, 5).toString('base64') });
  const own = formatSasToken({
    resource: `${hubHost}/devices/dev1/modules/m`,
    key: Buffer.alloc(32, 5),
    expirySeconds: Math.ceil(bench.clock.now() / secondMs) + 600,
  });
  const path = '/devices/dev1/modules/m/messages/events';
  assert.equal((await client.ask('POST', path, { authorization: own, body: 'x' })).status, 204);
  assert.equal((await bench.stored('Telemetry'))[0]?.moduleId, 'm');
  assert.equal((await client.ask('POST', path, { authorization: tokenOf(), body: 'x' })).status, 401);
});

test('HTTPS alone connects nobody', async (t) => {
  const { bench, ask } = await setUp(t);
  await ask('POST', events, { body: 'x' });
  await ask('GET', queue);
  assert.equal(bench.hub.presence.isConnected('dev1'), false);
  assert.deepEqual(await bench.operations('deviceConnectionStateEvents'), []);
});

test('who is not let in gets 401 and nothing else, and the refusal is kept', async (t) => {
  const { bench, client, tokenOf } = await setUp(t);
  await bench.addDevice('dev2', { type: 'sas', primaryKey: key.toString('base64') });
  await bench.hub.registry.setEnabled('dev2', false);
  const cases: [what: string, path: string, authorization: string][] = [
    ['no token', events, ''],
    ['a token of another device', '/devices/dev2/messages/events', tokenOf()],
    ['an expired token', events, tokenOf(undefined, -601)],
    ['an unknown device', '/devices/nobody/messages/events', tokenOf(`${hubHost}/devices/nobody`)],
    ['a disabled device', '/devices/dev2/messages/events', tokenOf(`${hubHost}/devices/dev2`)],
    ['no token at all', events, 'Bearer x'],
    ['a policy that may not connect devices', events, client.tokenOf('registryRead')],
  ];
  for (const [what, path, authorization] of cases) {
    const { status, code } = await client.ask('POST', path, { authorization, body: 'x' });
    assert.deepEqual([status, code], [401, 'IotHubUnauthorized'], what);
  }
  assert.deepEqual(await bench.stored('Telemetry'), []);
  assert.ok((await bench.refusals.list()).length > 0);
});

const misses: [method: string, path: string, status: number][] = [
  ['GET', `${events}?${apiVersion}`, 405],
  ['PUT', `${queue}?${apiVersion}`, 405],
  ['GET', `${queue}/x/abandon?${apiVersion}`, 405],
  ['POST', events, 204],
  ['POST', `${events}?api-version=yesterday`, 400],
  ['POST', `${events}?x=1`, 400],
  ['POST', `${events}?${apiVersion}&x=1`, 400],
  ['DELETE', `${queue}/x?${apiVersion}&reject=maybe`, 400],
  ['DELETE', `${queue}/${'x'.repeat(600)}?${apiVersion}`, 400],
  ['DELETE', `${queue}/%00?${apiVersion}`, 400],
  ['DELETE', `${queue}/%ff?${apiVersion}`, 400],
];
for (const [method, path, status] of misses) {
  test(`${method} ${path.slice(0, 80)} is answered ${status}`, async (t) => {
    const { ask } = await setUp(t);
    assert.equal((await ask(method, path, method === 'POST' ? { body: 'x' } : {})).status, status);
  });
}

test('back ends send with POST to the path from which the device fetches', async (t) => {
  const { client, tokenOf, ask } = await setUp(t);
  assert.equal((await client.ask('POST', queue, { body: 'from the back end' })).status, 204);
  assert.equal((await client.ask('POST', queue, { authorization: tokenOf(), body: 'x' })).status, 401);
  assert.equal((await ask('GET', queue)).text, 'from the back end');
});

test('a device that polls gets each of its messages once', async (t) => {
  const { queued, ask } = await setUp(t);
  for (const body of ['1', '2', '3', '4']) await queued(body);
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => ask('GET', queue)));
  assert.deepEqual(answers.map(({ text }) => text).sort(), ['', '1', '2', '3', '4']);
});
