import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CompatBench, openCompatBench, resultOf } from '#test/support/compat-bench.ts';

const registerTopic = (requestId: string) => `$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`;
const pollTopic = (requestId: string, operationId: unknown) =>
  `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`;
const responses = '$dps/registrations/res/#';

describe('registration over MQTT, on the wire as other SDKs do it', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  test('dps 17: clean session 0, as Python and Java connect, finds no session, however often', async () => {
    const identity = bench.leafOf('py-1');
    for (let i = 0; i < 3; i++) {
      const device = await bench.dialDps(identity, 'py-1', { cleanSession: false });
      assert.equal(device.code, 0);
      assert.equal(device.sessionPresent, false);
      await device.subscribe(responses);
      device.disconnect();
      await device.closed();
    }
  });

  test('dps 18: .NET gets exactly PUBACK, then exactly one PUBLISH, for 50 registrations', async () => {
    const identity = bench.leafOf('net-1');
    const device = await bench.dialDps(identity, 'net-1', { keepAliveSeconds: 0 });
    await device.subscribe(responses);
    for (let i = 1; i <= 50; i++) {
      const before = device.packets.length;
      const { topic } = await device.ask(registerTopic(String(i)), i % 2 ? '' : '{"payload":{"a":1}}');
      assert.equal(topic, `$dps/registrations/res/202/?$rid=${i}&retry-after=3`);
      assert.deepEqual(device.packets.slice(before), ['puback', 'publish']);
    }
    device.disconnect();
  });

  test('dps 19: the response topic has ?$rid= first and retry-after=3 last, whatever the request id', async () => {
    const device = await bench.dialDps(bench.leafOf('java-1'), 'java-1', { cleanSession: false, keepAliveSeconds: 230 });
    await device.subscribe(responses);
    for (const requestId of ['1', '00000000-0000-4000-8000-00000000000a', 'A_z-9']) {
      const registered = await device.ask(
        registerTopic(requestId),
        '{"registrationId":"java-1","payload":"{\\"modelId\\":\\"dtmi:com:example:java;1\\"}"}',
        0,
      );
      assert.equal(registered.topic, `$dps/registrations/res/202/?$rid=${requestId}&retry-after=3`);
      let polled = await device.ask(pollTopic(requestId, resultOf(registered).body.operationId), '', 0);
      while (resultOf(polled).status === 202) {
        assert.equal(polled.topic, `$dps/registrations/res/202/?$rid=${requestId}&retry-after=3`);
        polled = await device.ask(pollTopic(requestId, resultOf(registered).body.operationId), '', 0);
      }
      assert.equal(polled.topic, `$dps/registrations/res/200/?$rid=${requestId}`);
    }
    assert.equal(device.packets.includes('puback'), false);
    device.disconnect();
  });

  test('dps 20, 21: C polls with the register JSON as body, embedded C with the request id 1 throughout', async () => {
    const device = await bench.dialDps(bench.leafOf('c-1'), 'c-1', { keepAliveSeconds: 0 });
    await device.subscribe(responses);
    const body = '{"registrationId":"c-1","payload":{"modelId":"dtmi:com:example:c;1"}}';
    const registered = resultOf(await device.ask(registerTopic('1'), body, 0));
    assert.equal(registered.status, 202);
    let polled = await device.ask(pollTopic('1', registered.body.operationId), body, 0);
    while (resultOf(polled).status === 202) polled = await device.ask(pollTopic('1', registered.body.operationId), body, 0);
    assert.equal(polled.topic, '$dps/registrations/res/200/?$rid=1');
    assert.equal(resultOf(polled).body.status, 'assigned');
    device.disconnect();
  });

  test('dps 45: two that register one id at once get one operation, and there is one device', async () => {
    // A group that asks somebody first: so the operation is still under way when the second one arrives.
    const factory = '/api/ui/enrollmentGroups/factory';
    await bench.central.ok('PATCH', factory, { automaticallyConnect: false });
    const identity = bench.leafOf('twice-1');
    const both = await Promise.all([bench.dialDps(identity, 'twice-1'), bench.dialDps(identity, 'TWICE-1')]);
    await Promise.all(both.map((device) => device.subscribe(responses)));
    const answers = await Promise.all(both.map((device, i) => device.ask(registerTopic(String(i)), '')));
    const [first, second] = answers.map((answer) => resultOf(answer).body.operationId);
    assert.equal(first, second);
    await bench.central.ok('PATCH', factory, { automaticallyConnect: true });
    await bench.central.ok('PATCH', '/api/devices/twice-1', { enabled: true });
    for (const device of both) {
      const polled = resultOf(await device.ask(pollTopic('p', first), ''));
      assert.equal(polled.body.status, 'assigned');
      assert.equal(polled.body.operationId, first);
      device.disconnect();
    }
    assert.equal((await bench.devices()).filter((id) => id.toLowerCase() === 'twice-1').length, 1);
    assert.equal((await bench.hubDevices()).filter((id) => id.toLowerCase() === 'twice-1').length, 1);
  });

  test('dps 48: UNSUBSCRIBE is acknowledged and DISCONNECT ends the connection', async () => {
    const device = await bench.dialDps(bench.leafOf('bye-1'), 'bye-1');
    await device.subscribe(responses);
    await device.unsubscribe(responses);
    device.disconnect();
    await device.closed();
    assert.deepEqual(device.packets, ['connack', 'suback', 'unsuback']);
  });

  test('dps 50: the operation of a register call is good after the server was killed and started again', async () => {
    const identity = bench.leafOf('patient-1');
    const before = await bench.dialDps(identity, 'patient-1');
    await before.subscribe(responses);
    const { body } = resultOf(await before.ask(registerTopic('1'), '{"registrationId":"patient-1"}'));
    await bench.home.kill();
    await before.closed();
    await bench.home.restart();
    const again = await bench.dialDps(identity, 'patient-1');
    await again.subscribe(responses);
    let polled = resultOf(await again.ask(pollTopic('2', body.operationId), ' '));
    while (polled.status === 202) polled = resultOf(await again.ask(pollTopic('3', body.operationId), ' '));
    assert.equal(polled.body.operationId, body.operationId);
    assert.equal(polled.body.status, 'assigned');
    again.disconnect();
    const device = await bench.dialHub(identity, 'patient-1');
    assert.equal(device.code, 0);
    device.disconnect();
  });
});
