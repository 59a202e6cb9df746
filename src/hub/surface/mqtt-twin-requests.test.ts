import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type HubBench, openHubBench, parseBody, settled, type TestDevice, until } from '#test/support/hub-bench.ts';

const desiredFilter = '$iothub/twin/PATCH/properties/desired/#';
const patchTopic = (query: string) => `$iothub/twin/PATCH/properties/reported/?${query}`;

describe("a device's twin over MQTT", () => {
  let bench: HubBench;
  let device: TestDevice;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('dev1');
    device = await bench.connect();
    await device.subscribe('$iothub/twin/res/#');
  });
  afterEach(() => bench.close());

  for (const body of ['', ' ', 'ignored']) {
    test(`hub 59: GET with the body ${JSON.stringify(body)} answers both sections with $version, no metadata, no tags`, async () => {
      await bench.hub.twins.patchDesired('dev1', { telemetryConfig: { interval: 5 } });
      await bench.hub.twins.patchTags('dev1', { secret: 1 });
      await bench.hub.twins.patchDesired('dev1', { gone: 1 });
      await bench.hub.twins.patchDesired('dev1', { gone: null });
      device.sendOnce('$iothub/twin/GET/?$rid=4f2-A', body);
      const answer = await device.message('$iothub/twin/res/');
      assert.equal(answer.topic, '$iothub/twin/res/200/?$rid=4f2-A');
      assert.equal(answer.body, '{"desired":{"telemetryConfig":{"interval":5},"$version":4},"reported":{"$version":1}}');
    });
  }

  test('hub 59: GET at QoS 1 is acknowledged and answered', async () => {
    await device.send('$iothub/twin/GET/?$rid=1');
    await device.message('$iothub/twin/res/200/?$rid=1');
  });

  test('hub 60: a reported PATCH answers 204 with the new $version and an empty body', async () => {
    device.sendOnce(patchTopic('$rid=7'), '{"battery":55}');
    assert.deepEqual(await device.message('$iothub/twin/res/'), { topic: '$iothub/twin/res/204/?$rid=7&$version=2', body: '' });
    await device.send(patchTopic('$rid=8'), '{"battery":null,"nested":{"a":1}}');
    assert.equal((await device.message('$iothub/twin/res/')).topic, '$iothub/twin/res/204/?$rid=8&$version=3');
    assert.deepEqual((await bench.hub.twins.load('dev1')).reported, { nested: { a: 1 } });
    await until('the events are stored', async () => (await bench.stored('twinChangeEvents')).length === 2);
    assert.deepEqual(await bench.operations('twinChangeEvents'), ['updateTwin', 'updateTwin']);
  });

  test('the longest request id comes back whole; one that its answer could not carry ends the connection', async () => {
    const rid = 'r'.repeat(1_024);
    await device.send(`$iothub/twin/GET/?$rid=${rid}`);
    await device.message(`$iothub/twin/res/200/?$rid=${rid}`);
    // 65,535 bytes of topic: with the status in it, the answer's would be four longer than MQTT allows.
    device.sendOnce(`$iothub/twin/GET/?$rid=${'r'.repeat(65_535 - '$iothub/twin/GET/?$rid='.length)}`);
    await until('the hub hangs up', () => device.closed !== undefined);
    assert.equal(device.closed, 'protocol-violation');
    assert.ok((await bench.connect()).answer.code === 0, 'the hub goes on');
  });

  test('an empty patch answers 204 with the version as it was', async () => {
    device.sendOnce(patchTopic('$rid=1'), '{}');
    assert.equal((await device.message('$iothub/twin/res/')).topic, '$iothub/twin/res/204/?$rid=1&$version=1');
  });

  const refused: [what: string, body: string, status: number, errorCode: number][] = [
    ['a key that starts with $', '{"$version":5}', 400, 400004],
    ['a key with a dot', '{"a.b":1}', 400, 400004],
    ['an integer out of range', '{"a":4503599627370496}', 400, 400004],
    ['a long string', `{"a":"${'x'.repeat(4097)}"}`, 400, 400004],
    ['eleven levels', `${'{"a":'.repeat(11)}1${'}'.repeat(11)}`, 400, 400004],
    ['depth without end', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 400, 400006],
    [
      'more than 32 KB',
      JSON.stringify(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [i, 'x'.repeat(4_000)]))),
      400,
      400004,
    ],
    ['no JSON', '{"a":', 400, 400006],
    ['no object', '[1]', 400, 400006],
    ['null', 'null', 400, 400006],
    ['nothing', '', 400, 400006],
    ['no UTF-8', '\ud800', 400, 400006],
  ];
  for (const [what, body, status, errorCode] of refused) {
    test(`hub 61: a PATCH with ${what} is answered ${status} with errorCode ${errorCode} and changes nothing`, async () => {
      const payload = what === 'no UTF-8' ? Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) : Buffer.from(body);
      await device.send(patchTopic('$rid=9'), payload);
      const answer = await device.message('$iothub/twin/res/');
      assert.equal(answer.topic, `$iothub/twin/res/${status}/?$rid=9`);
      const error = parseBody(answer);
      assert.equal(error.errorCode, errorCode);
      assert.equal(error.trackingId, 'track-1');
      assert.equal(typeof error.message, 'string');
      assert.match(String(error.timestampUtc), /^\d{4}-.*Z$/);
      assert.equal((await bench.hub.twins.load('dev1')).reportedVersion, 1);
      assert.equal(device.closed, undefined);
    });
  }

  test('hub 62: a PATCH for another version is answered 412, for the present one 204', async () => {
    device.sendOnce(patchTopic('$rid=1&$version=1'), '{"a":1}');
    assert.equal((await device.message('$iothub/twin/res/')).topic, '$iothub/twin/res/204/?$rid=1&$version=2');
    for (const version of ['1', '3', 'x', '']) {
      device.sendOnce(patchTopic(`$rid=2&$version=${version}`), '{"a":2}');
      const answer = await device.message('$iothub/twin/res/');
      assert.equal(answer.topic, '$iothub/twin/res/412/?$rid=2');
      assert.equal(parseBody(answer).errorCode, 412001);
    }
    assert.deepEqual((await bench.hub.twins.load('dev1')).reported, { a: 1 });
  });

  test('hub 63: a desired change is pushed with $version in topic and body, a removed key as null', async () => {
    await device.subscribe(desiredFilter);
    await bench.hub.twins.patchDesired('dev1', { interval: 5, old: { x: 1 } });
    assert.deepEqual(await device.message('$iothub/twin/PATCH/'), {
      topic: '$iothub/twin/PATCH/properties/desired/?$version=2',
      body: '{"interval":5,"old":{"x":1},"$version":2}',
    });
    await bench.hub.twins.patchDesired('dev1', { old: null });
    assert.deepEqual(await device.message('$iothub/twin/PATCH/'), {
      topic: '$iothub/twin/PATCH/properties/desired/?$version=3',
      body: '{"old":null,"$version":3}',
    });
  });

  test('pushes arrive in the order of versions, and only at the device they are for', async () => {
    await bench.addDevice('dev2');
    const other = await bench.connect({ deviceId: 'dev2' });
    await other.subscribe(desiredFilter);
    await device.subscribe(desiredFilter);
    await Promise.all(Array.from({ length: 20 }, (_, i) => bench.hub.twins.patchDesired('dev1', { n: i })));
    await until('all arrive', () => device.messages.length === 20);
    assert.deepEqual(
      device.messages.map(({ body }) => JSON.parse(body)),
      Array.from({ length: 20 }, (_, i) => ({ n: i, $version: i + 2 })),
    );
    assert.deepEqual(other.messages, []);
  });

  test('reported and tag changes are not pushed, nor desired ones before SUBSCRIBE or after UNSUBSCRIBE', async () => {
    await bench.hub.twins.patchDesired('dev1', { a: 1 });
    await device.subscribe(desiredFilter);
    await bench.hub.twins.patchTags('dev1', { a: 1 });
    await device.send(patchTopic('$rid=1'), '{"a":1}');
    await device.unsubscribe(desiredFilter);
    await bench.hub.twins.patchDesired('dev1', { a: 2 });
    await settled();
    assert.deepEqual(
      device.messages.map(({ topic }) => topic),
      ['$iothub/twin/res/204/?$rid=1&$version=2'],
    );
  });

  test('hub 64: a change made while the device was away is not queued, and visible by GET when it is back', async () => {
    await device.subscribe(desiredFilter);
    device.cut();
    await bench.hub.twins.patchDesired('dev1', { interval: 9 });
    const back = await bench.connect();
    await settled();
    assert.deepEqual(back.messages, []);
    back.sendOnce('$iothub/twin/GET/?$rid=1');
    assert.deepEqual(parseBody(await back.message('$iothub/twin/res/200/')).desired, { interval: 9, $version: 2 });
  });

  test('who does not listen for answers gets none, and its change counts', async () => {
    await device.unsubscribe('$iothub/twin/res/#');
    await device.send(patchTopic('$rid=1'), '{"a":1}');
    await device.send('$iothub/twin/GET/?$rid=2');
    await settled();
    assert.deepEqual(device.messages, []);
    assert.deepEqual((await bench.hub.twins.load('dev1')).reported, { a: 1 });
  });

  test('every one of 300 requests at once is answered: what is too much with 429', async () => {
    for (let i = 0; i < 300; i++) device.sendOnce(patchTopic(`$rid=${i}`), `{"k":${i}}`);
    await until('all are answered', () => device.messages.length === 300);
    const statuses = device.messages.map(({ topic }) => topic.split('/')[3]);
    const accepted = statuses.filter((status) => status === '204').length;
    assert.ok(accepted >= 100);
    assert.equal(accepted + statuses.filter((status) => status === '429').length, 300);
    assert.equal((await bench.hub.twins.load('dev1')).reportedVersion, 1 + accepted);
  });

  test('a request id is echoed byte for byte', async () => {
    for (const rid of ['1', 'a-b_c.d', '%41', '{uuid}', '0'.repeat(200)]) {
      device.sendOnce(`$iothub/twin/GET/?$rid=${rid}`);
      assert.equal((await device.message('$iothub/twin/res/')).topic, `$iothub/twin/res/200/?$rid=${rid}`);
    }
  });

  test('a database that is away is answered 500 with a tracking id and no detail', async () => {
    await bench.database.schema.dropTable('hub_twin').execute();
    device.sendOnce('$iothub/twin/GET/?$rid=1');
    const answer = await device.message('$iothub/twin/res/');
    assert.equal(answer.topic, '$iothub/twin/res/500/?$rid=1');
    assert.equal(parseBody(answer).errorCode, 500001);
    assert.doesNotMatch(answer.body, /hub_twin|SQL/i);
  });
});
