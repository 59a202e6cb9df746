import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hourMs } from '#base/instant.ts';
import { eventually } from '#test/support/eventually.ts';
import { openHubService, type ServiceAsk } from '#test/support/service-client.ts';

async function setUp(t: TestContext) {
  const { bench, client, close } = await openHubService();
  t.after(close);
  await bench.addDevice('dev1');
  const send = (body: string, headers: Record<string, string> = {}, more: Omit<ServiceAsk, 'body' | 'headers'> = {}) =>
    client.ask('POST', '/devices/dev1/messages/deviceBound', { body, headers, ...more });
  const feedback = () => client.ask('GET', '/messages/serviceBound/feedback');
  return { bench, client, send, feedback };
}

test('hub-service 76: a message with Content-Encoding utf-8 is queued with 204 and arrives with its properties', async (t) => {
  const { bench, client, send } = await setUp(t);
  const { status, text } = await send('hello', {
    'content-type': 'application/json',
    'content-encoding': 'utf-8',
    'iothub-messageid': 'm-1',
    'iothub-correlationid': 'c-1',
    'iothub-userid': 'u',
    'iothub-ack': 'Full',
    'iothub-expiry': '2026-06-01T00:30:00Z',
    'iothub-to': '/devices/other/messages/deviceBound',
    'IoTHub-App-Alert': 'a b',
  });
  assert.deepEqual([status, text], [204, '']);
  assert.equal((await client.ask('GET', '/devices/dev1')).json.cloudToDeviceMessageCount, 1);
  const device = await bench.connect();
  await device.subscribe(['devices/dev1/messages/devicebound/#', 1]);
  assert.deepEqual(await device.message('devices/'), {
    topic:
      'devices/dev1/messages/devicebound/%24.mid=m-1&%24.to=%2Fdevices%2Fdev1%2Fmessages%2FdeviceBound&%24.cid=c-1&%24.uid=u' +
      '&%24.ct=application%2Fjson&%24.ce=utf-8&%24.exp=2026-06-01T00%3A30%3A00.0000000Z&iothub-ack=full&Alert=a%20b',
    body: 'hello',
  });
});

test('an id that is encoded twice, as Explorer does it, finds its device', async (t) => {
  const { bench, client } = await setUp(t);
  await bench.addDevice('dev#1');
  const { status } = await client.ask('POST', '/devices/dev%25231/messages/deviceBound', {
    body: 'x',
  });
  assert.equal(status, 204);
  assert.equal(await bench.hub.cloudToDevice.count('dev#1'), 1);
});

test('how many messages wait stands at the device, in the list, at its modules and in its twin', async (t) => {
  const { bench, client, send } = await setUp(t);
  await bench.addModule('dev1', 'm');
  for (const body of ['1', '2']) await send(body);
  await bench.hub.cloudToDevice.send('dev1/m', { body: Buffer.from('x') });
  const countAt = async (path: string) => {
    const { json } = await client.ask('GET', path);
    return [json].flat().map(({ cloudToDeviceMessageCount }) => cloudToDeviceMessageCount);
  };
  assert.deepEqual(await countAt('/devices/dev1'), [2]);
  assert.deepEqual(await countAt('/devices'), [2]);
  assert.deepEqual(await countAt('/twins/dev1'), [2]);
  assert.deepEqual(await countAt('/devices/dev1/modules'), [1]);
  assert.deepEqual(await countAt('/devices/dev1/modules/m'), [1]);
  assert.deepEqual(await countAt('/twins/dev1/modules/m'), [1]);
});

const refusals: [what: string, path: string, headers: Record<string, string>, body: string, status: number, code: string][] = [
  ['an unknown device', '/devices/nobody/messages/deviceBound', {}, 'x', 404, 'DeviceNotFound'],
  ['a body over 64 KiB', '/devices/dev1/messages/deviceBound', {}, 'x'.repeat(65_537), 413, 'MessageTooLarge'],
  [
    'an expiry in the past',
    '/devices/dev1/messages/deviceBound',
    { 'iothub-expiry': '2020-01-01T00:00:00Z' },
    'x',
    403,
    'InvalidMessageExpiryTime',
  ],
  [
    'an expiry that is no time',
    '/devices/dev1/messages/deviceBound',
    { 'iothub-expiry': 'soon' },
    'x',
    403,
    'InvalidMessageExpiryTime',
  ],
  ['another acknowledgement', '/devices/dev1/messages/deviceBound', { 'iothub-ack': 'maybe' }, 'x', 400, 'ArgumentInvalid'],
  ['a message id that is none', '/devices/dev1/messages/deviceBound', { 'iothub-messageid': 'a b' }, 'x', 400, 'ArgumentInvalid'],
  ['a property of the system’s', '/devices/dev1/messages/deviceBound', { 'iothub-app-$.mid': 'x' }, 'x', 400, 'ArgumentInvalid'],
];
for (const [what, path, headers, body, status, code] of refusals) {
  test(`${what} is refused with ${status} ${code}, and nothing is queued`, async (t) => {
    const { bench, client } = await setUp(t);
    const answer = await client.ask('POST', path, { headers, body });
    assert.deepEqual([answer.status, answer.code, answer.headers['iothub-errorcode']], [status, code, code]);
    assert.equal(await bench.hub.cloudToDevice.count('dev1'), 0);
  });
}

test('the 51st message is refused with 403004', async (t) => {
  const { send } = await setUp(t);
  for (let i = 0; i < 50; i++) assert.equal((await send(String(i))).status, 204);
  const { status, code } = await send('too many');
  assert.deepEqual([status, code], [403, 'DeviceMaximumQueueDepthExceeded']);
});

test('hub-service 75: a purge and an expiry are told to who asked, and read in batches', async (t) => {
  const { bench, client, send, feedback } = await setUp(t);
  const { generationId } = (await client.ask('GET', '/devices/dev1')).json;
  assert.equal((await feedback()).status, 204);
  await send('1', { 'iothub-messageid': 'purged', 'iothub-ack': 'negative' });
  await send('2', { 'iothub-messageid': 'untold', 'iothub-ack': 'positive' });
  const purge = await client.ask('DELETE', '/devices/dev1/commands');
  assert.deepEqual(purge.json, { totalMessagesPurged: 2, deviceId: 'dev1', moduleId: null });
  const { status, json, headers } = await feedback();
  assert.equal(status, 200);
  assert.deepEqual(json, [
    {
      originalMessageId: 'purged',
      description: 'The message was purged before the device completed it.',
      deviceGenerationId: generationId,
      deviceId: 'dev1',
      enqueuedTimeUtc: '2026-06-01T00:00:00.0000000Z',
      statusCode: 'Purged',
    },
  ]);
  assert.equal((await feedback()).status, 204, 'it is locked');
  const path = `/messages/serviceBound/feedback/${headers.etag?.replaceAll('"', '')}`;
  assert.equal((await client.ask('POST', `${path}/abandon`)).status, 204);
  const again = await feedback();
  assert.equal(again.json[0].originalMessageId, 'purged');
  const { code, status: lost } = await client.ask('DELETE', path);
  assert.deepEqual([lost, code], [412, 'DeviceMessageLockLost']);
  const second = `/messages/serviceBound/feedback/${again.headers.etag?.replaceAll('"', '')}`;
  assert.equal((await client.ask('DELETE', second)).status, 204);
  await send('3', { 'iothub-messageid': 'expired', 'iothub-ack': 'full' });
  bench.clock.advance(hourMs);
  const expired = await eventually(async () => {
    const answer = await feedback();
    return answer.status === 200 ? answer : undefined;
  });
  assert.deepEqual([expired.json[0].originalMessageId, expired.json[0].statusCode], ['expired', 'Expired']);
});

test('purge of an unknown device is 404', async (t) => {
  const { client } = await setUp(t);
  const { status, code } = await client.ask('DELETE', '/devices/nobody/commands');
  assert.deepEqual([status, code], [404, 'DeviceNotFound']);
});
