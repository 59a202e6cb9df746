import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type HubBench, openHubBench, settled, type TestDevice, telemetryTopic, until } from '#test/support/hub-bench.ts';

const methodsFilter = '$iothub/methods/POST/#';

describe('a device on MQTT', () => {
  let bench: HubBench;
  let device: TestDevice;
  beforeEach(async () => {
    bench = await openHubBench();
    await bench.addDevice('dev1');
    device = await bench.connect({ modelId: 'dtmi:com:example:T;1' });
  });
  afterEach(() => bench.close());

  async function storedMessage() {
    const [event] = await bench.stored('Telemetry');
    assert.ok(event);
    return event;
  }

  describe('telemetry', () => {
    test('hub 39: system and user properties are decoded as Node writes them', async () => {
      const bag =
        '%24.mid=m-1&%24.cid=c%2F1&%24.ct=application%2Fjson&%24.ce=utf-8&alert=true%20%26%20more%3D1&empty=&flag&plus=a%2Bb';
      await device.send(telemetryTopic('dev1', bag), '{"t":1}');
      const event = await storedMessage();
      const { system, application } = event.properties();
      assert.equal(event.body.toString(), '{"t":1}');
      assert.equal(system['message-id'], 'm-1');
      assert.equal(system['correlation-id'], 'c/1');
      assert.equal(system['content-type'], 'application/json');
      assert.equal(system['content-encoding'], 'utf-8');
      assert.deepEqual({ ...application }, { alert: 'true & more=1', empty: '', flag: null, plus: 'a+b' });
    });

    test('a raw + or # in the property bag is literal, whatever MQTT says of topics', async () => {
      await device.send(telemetryTopic('dev1', 'at=2030-01-01T00:00:00+01:00&tag=#1'));
      const { application } = (await storedMessage()).properties();
      assert.deepEqual({ ...application }, { at: '2030-01-01T00:00:00+01:00', tag: '#1' });
    });

    test('hub 40: raw `$.` keys are decoded as Java writes them', async () => {
      await device.send(telemetryTopic('dev1', '$.mid=m-2&$.ct=text%2Fplain&$.cdid=forged&a=1'));
      const { system, application } = (await storedMessage()).properties();
      assert.equal(system['message-id'], 'm-2');
      assert.equal(system['content-type'], 'text/plain');
      assert.equal(system['iothub-connection-device-id'], 'dev1');
      assert.deepEqual({ ...application }, { a: '1' });
    });

    test('hub 41: application keys may come first, as C writes them', async () => {
      await device.send(telemetryTopic('dev1', 'a=1&b=2&%24.mid=m-3&%24.ctime=2030-01-01T00:00:00Z'));
      const { system, application } = (await storedMessage()).properties();
      assert.equal(system['message-id'], 'm-3');
      assert.equal(system['iothub-creation-time-utc'], '2030-01-01T00:00:00Z');
      assert.deepEqual({ ...application }, { a: '1', b: '2' });
    });

    test('hub 42: a numeric expiry is tolerated', async () => {
      await device.send(telemetryTopic('dev1', '%24.exp=1900000000000'));
      assert.equal((await storedMessage()).properties().system['absolute-expiry-time'], '1900000000000');
    });

    test('the hub stamps who sent it, when and how it was let in', async () => {
      const { generationId } = await bench.hub.registry.require('dev1');
      await device.send(telemetryTopic('dev1', '%24.sub=thermostat'));
      const event = await storedMessage();
      const { system } = event.properties();
      assert.equal(event.deviceId, 'dev1');
      assert.equal(event.enqueuedAt, bench.clock.now());
      assert.equal(system['iothub-connection-auth-generation-id'], generationId);
      assert.deepEqual(JSON.parse(system['iothub-connection-auth-method'] ?? ''), {
        scope: 'device',
        type: 'x509',
        issuer: 'external',
        acceptingIpFilterRule: null,
      });
      assert.equal(system['iothub-message-source'], 'Telemetry');
      assert.equal(system['dt-dataschema'], 'dtmi:com:example:T;1');
      assert.equal(system['dt-subject'], 'thermostat');
    });

    test('the last slash may be missing, QoS 0 is stored too, and a duplicate is stored again', async () => {
      device.sendOnce('devices/dev1/messages/events', '"zero"');
      await device.send('devices/dev1/messages/events', '"one"');
      await device.send('devices/dev1/messages/events/', '"one"', { dup: true });
      assert.deepEqual(
        (await bench.stored('Telemetry')).map((event) => event.body.toString()),
        ['"zero"', '"one"', '"one"'],
      );
    });

    test('hub 35: RETAIN is not retained and shows as mqtt-retain', async () => {
      await device.send(telemetryTopic('dev1', 'a=1'), '{}', { retain: true });
      await device.send(telemetryTopic('dev1'), '{}', { retain: true });
      const properties = (await bench.stored('Telemetry')).map((event) => ({ ...event.properties().application }));
      assert.deepEqual(properties, [{ a: '1', 'mqtt-retain': 'true' }, { 'mqtt-retain': 'true' }]);
    });

    test('a body of 256 KB is taken', async () => {
      await device.send(telemetryTopic('dev1'), Buffer.alloc(256 * 1024, 0x61));
      assert.equal((await storedMessage()).body.length, 256 * 1024);
    });

    test('hub 45: a message of 257 KB closes the connection and is not stored', async () => {
      device.sendOnce(telemetryTopic('dev1'), Buffer.alloc(257 * 1024));
      await until('the session is closed', () => device.closed !== undefined);
      assert.equal(device.closed, 'packet-too-large');
      assert.equal((await bench.hub.presence.load('dev1'))?.cause, 'protocol-violation');
      assert.deepEqual(await bench.stored('Telemetry'), []);
      assert.equal((await bench.refusal())?.reason, 'message-too-large');
    });

    test('hub 45: properties count: names and values decoded, without separators', async () => {
      const bag = 'name=%20%20%20';
      await device.send(telemetryTopic('dev1', bag), Buffer.alloc(256 * 1024 - 7));
      device.sendOnce(telemetryTopic('dev1', bag), Buffer.alloc(256 * 1024 - 6));
      await until('the session is closed', () => device.closed !== undefined);
      assert.equal(device.closed, 'protocol-violation');
      assert.equal((await bench.stored('Telemetry')).length, 1);
      assert.equal((await bench.refusal())?.reason, 'message-too-large');
    });
  });

  describe('topics that are not its own', () => {
    const topics = [
      'devices/dev2/messages/events/',
      'devices/DEV1/messages/events/',
      'devices/dev1/modules/m/messages/events/',
      'devices/dev1/messages/eventsX',
      'devices/dev1/messages/devicebound/x',
      'devices/dev1',
      'some/topic',
      '$iothub/twin/GET/',
      '$iothub/twin/PUT/?$rid=1',
      '$iothub/twin/PATCH/properties/desired/?$rid=1',
      '$iothub/methods/POST/x/?$rid=1',
    ];
    for (const topic of topics) {
      test(`a publish to ${topic} closes the connection and changes nothing`, async () => {
        device.sendOnce(topic, '{"a":1}');
        await until('the session is closed', () => device.closed !== undefined);
        assert.equal(device.closed, 'protocol-violation');
        assert.equal((await bench.hub.twins.load('dev1')).reportedVersion, 1);
        assert.deepEqual(await bench.stored('Telemetry'), []);
      });
    }
  });

  describe('subscriptions', () => {
    test('hub 68: an unknown filter is refused with 0x80, the others are granted, the connection stays', async () => {
      const codes = await device.subscribe(
        ['devices/dev1/messages/devicebound/#', 1],
        ['some/topic', 1],
        ['$iothub/twin/res/#', 0],
        ['#', 0],
        ['devices/dev2/messages/devicebound/#', 1],
        ['$iothub/methods/POST/+', 0],
        ['devices/dev1/messages/devicebound/+', 0],
        ['$iothub/credentials/res/#', 1],
      );
      assert.deepEqual(codes, [1, 0x80, 0, 0x80, 0x80, 0x80, 0x80, 0x80]);
      await device.send(telemetryTopic('dev1'));
      const row = await bench.database.selectFrom('hub_session').selectAll().executeTakeFirst();
      assert.deepEqual(JSON.parse(row?.subscriptions ?? ''), [
        ['devices/dev1/messages/devicebound/#', 1],
        ['$iothub/twin/res/#', 0],
      ]);
    });

    test('QoS 2 is granted as 1', async () => {
      assert.deepEqual(await device.subscribe([methodsFilter, 2]), [1]);
    });
  });

  describe('the will', () => {
    const will = { topic: telemetryTopic('dev1', 'a=1'), payload: Buffer.from('"gone"'), qos: 1, retain: false } as const;

    test('hub 31: it is delivered as telemetry with iothub-MessageType=Will when the line breaks', async () => {
      const mortal = await bench.connect({ will });
      mortal.cut();
      await until('it is stored', async () => (await bench.stored('Telemetry')).length === 1);
      const event = await storedMessage();
      assert.equal(event.body.toString(), '"gone"');
      assert.deepEqual({ ...event.properties().application }, { a: '1', 'iothub-MessageType': 'Will' });
      assert.equal(event.properties().system['iothub-connection-device-id'], 'dev1');
    });

    test('hub 31: not after DISCONNECT', async () => {
      const mortal = await bench.connect({ will });
      await mortal.disconnect();
      await settled();
      assert.deepEqual(await bench.stored('Telemetry'), []);
    });

    test('it is delivered when a newer connection takes over, and not when the right to send was taken away', async () => {
      await bench.connect({ will });
      await bench.connect({ will });
      await until('it is stored', async () => (await bench.stored('Telemetry')).length === 1);
      await bench.hub.registry.setEnabled('dev1', false);
      await settled();
      assert.equal((await bench.stored('Telemetry')).length, 1);
    });

    test('of a peer that was refused nothing is delivered', async () => {
      const refused = await bench.connect({ will, certificates: [] });
      assert.equal(refused.answer.code, 5);
      await settled();
      assert.deepEqual(await bench.stored('Telemetry'), []);
    });
  });

  describe('methods', () => {
    const ridOf = (topic: string) => topic.slice(topic.indexOf('?$rid=') + 6);

    test('hub 53: a method goes out with JSON and its answer comes back', async () => {
      assert.deepEqual(await device.subscribe(methodsFilter), [0]);
      const result = bench.hub.methods.invoke('dev1', { methodName: 'doit', payload: { a: [1, 'ü'] } });
      const { topic, body } = await device.message('$iothub/methods/POST/');
      assert.match(topic, /^\$iothub\/methods\/POST\/doit\/\?\$rid=[0-9a-f]+$/);
      assert.equal(body, '{"a":[1,"ü"]}');
      device.sendOnce(`$iothub/methods/res/200/?$rid=${ridOf(topic)}`, '{"done":true}');
      assert.deepEqual(await result, { status: 200, payload: { done: true } });
    });

    for (const [status, body] of [
      [0, 'null'],
      [404, ''],
      [500, '"broken"'],
      [-7, '[1]'],
    ] as const) {
      test(`hub 53: status ${status} with the body ${JSON.stringify(body)} is returned as it is, also at QoS 1`, async () => {
        await device.subscribe(methodsFilter);
        const result = bench.hub.methods.invoke('dev1', { methodName: 'therm*reboot' });
        const { topic, body: sent } = await device.message('$iothub/methods/POST/therm*reboot/');
        assert.equal(sent, 'null');
        await device.send(`$iothub/methods/res/${status}/?$rid=${ridOf(topic)}`, body);
        assert.deepEqual(await result, { status, payload: body === '' ? null : JSON.parse(body) });
      });
    }

    test('hub 56: a device that does not listen for methods is not online for them', async () => {
      await assert.rejects(bench.hub.methods.invoke('dev1', { methodName: 'm' }), { code: 'device-not-online' });
      await device.subscribe(methodsFilter);
      await device.unsubscribe(methodsFilter);
      await assert.rejects(bench.hub.methods.invoke('dev1', { methodName: 'm' }), { code: 'device-not-online' });
    });

    test('hub 56: with a connect time-out the call waits for the subscription', async () => {
      const result = bench.hub.methods.invoke('dev1', { methodName: 'm', connectTimeoutSeconds: 5 });
      await settled();
      await device.subscribe(methodsFilter);
      const { topic } = await device.message('$iothub/methods/POST/m/');
      device.sendOnce(`$iothub/methods/res/201/?$rid=${ridOf(topic)}`, '');
      assert.equal((await result).status, 201);
    });

    test('hub 57: a device that never answers fails the call after the requested seconds; late answers are dropped', async () => {
      await device.subscribe(methodsFilter);
      const result = bench.hub.methods.invoke('dev1', { methodName: 'm', responseTimeoutSeconds: 7 });
      const refused = assert.rejects(result, { code: 'device-timeout' });
      const { topic } = await device.message('$iothub/methods/POST/m/');
      let isOver = false;
      void refused.then(() => {
        isOver = true;
      });
      bench.clock.advance(6_500);
      await settled();
      assert.equal(isOver, false);
      bench.clock.advance(500);
      await refused;
      await device.send(`$iothub/methods/res/200/?$rid=${ridOf(topic)}`, '{}');
      assert.equal(device.closed, undefined);
    });

    test('an unknown request id and a status that is no integer are ignored', async () => {
      await device.send('$iothub/methods/res/200/?$rid=unknown', '{}');
      await device.send('$iothub/methods/res/ok/?$rid=1', '{}');
      assert.equal(device.closed, undefined);
    });

    test('a device that disconnects in the middle fails the call', async () => {
      await device.subscribe(methodsFilter);
      const result = bench.hub.methods.invoke('dev1', { methodName: 'm' });
      const refused = assert.rejects(result, { code: 'device-not-online', reason: 'connection-closed' });
      await device.message('$iothub/methods/POST/m/');
      device.cut();
      await refused;
    });
  });
});
