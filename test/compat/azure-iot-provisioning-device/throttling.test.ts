import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import provisioning from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-x509';
import { type CompatBench, openCompatBench, resultOf } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

const registerTopic = (requestId: string) => `$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`;
const pollTopic = (requestId: string, operationId: unknown) =>
  `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`;
const transports = { Mqtt: provisioningMqtt.Mqtt, MqttWs: provisioningMqtt.MqttWs, Http: provisioningHttp.Http };

/** So that what was used up comes back within seconds. */
const perMinute = 30;

describe('registrations above the rate', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench({
      HOMEPORT_PROVISIONING__REGISTRATIONS_PER_MINUTE: String(perMinute),
      HOMEPORT_PROVISIONING__POLLS_PER_TEN_SECONDS: '5',
    });
    // What a person does with NODE_EXTRA_CA_CERTS: this SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
  });
  after(() => bench?.close());

  /** Registers until the service says that it is enough. */
  async function useUp(registrationId: string): Promise<{ topic: string; body: string }> {
    const device = await bench.dialDps(bench.leafOf(registrationId), registrationId);
    await device.subscribe('$dps/registrations/res/#');
    for (let i = 0; i <= perMinute * 2; i++) {
      const answer = await device.ask(registerTopic(String(i)), '');
      if (resultOf(answer).status === 202) continue;
      device.disconnect();
      return answer;
    }
    throw new Error('The service never said that it is enough.');
  }

  function clientOf(registrationId: string, transport: keyof typeof transports) {
    const { hostName, idScope } = bench.home.status.dps;
    const { cert, key } = bench.leafOf(registrationId);
    const credential = new security.X509Security(registrationId, { cert, key });
    return provisioning.ProvisioningDeviceClient.create(hostName, idScope, new transports[transport](), credential);
  }

  for (const transport of ['Mqtt', 'MqttWs'] as const) {
    test(`dps 23: Node over ${transport} registers again after a 429, and is assigned`, async () => {
      const client = clientOf(`throttled-${transport}`, transport);
      const refused = await useUp('greedy-1');
      assert.match(refused.topic, /^\$dps\/registrations\/res\/429\/\?\$rid=\d+&retry-after=[1-9]\d*$/);
      assert.equal(resultOf(refused).body.errorCode, 429001);
      assert.equal((await client.register())?.status, 'assigned');
    });
  }

  test('Node over HTTPS does not register again by itself: it says ThrottlingError, and its next call is served', async () => {
    const client = clientOf('throttled-http', 'Http');
    await useUp('greedy-3');
    await assert.rejects(async () => client.register(), { name: 'ThrottlingError' });
    const result = await eventually(async () => {
      try {
        return (await clientOf('throttled-http', 'Http').register()) ?? undefined;
      } catch {
        return undefined;
      }
    });
    assert.equal(result.status, 'assigned');
  });

  test('dps 23: Python is told when to register again, and does with the same body', async () => {
    const identity = bench.leafOf('python-1');
    const refused = await useUp('greedy-2');
    const seconds = Number(/retry-after=(\d+)$/.exec(refused.topic)?.[1]);
    assert.ok(seconds >= 1 && seconds <= 60 / perMinute, refused.topic);
    const device = await bench.dialDps(identity, 'python-1', { cleanSession: false });
    await device.subscribe('$dps/registrations/res/#');
    let again = 0;
    const registered = await eventually(async () => {
      const answer = resultOf(
        await device.ask(registerTopic(String(++again)), '{"payload": null, "registrationId": "python-1"}'),
      );
      return answer.status === 202 ? answer : undefined;
    });
    const polled = resultOf(await device.ask(pollTopic('p', registered.body.operationId), ' '));
    assert.ok([200, 202].includes(polled.status));
    device.disconnect();
  });

  test('dps 46: the sixth poll within ten seconds is 429 with a time to wait, and others poll on', async () => {
    const register = async (id: string) => {
      const device = await bench.dialDps(bench.leafOf(id), id);
      await device.subscribe('$dps/registrations/res/#');
      let again = 0;
      const { body } = await eventually(async () => {
        const answer = resultOf(await device.ask(registerTopic(String(++again)), ''));
        return answer.status === 202 ? answer : undefined;
      });
      return { device, operationId: body.operationId };
    };
    const [busy, calm] = [await register('busy-1'), await register('calm-1')];
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      statuses.push(resultOf(await busy.device.ask(pollTopic(String(i), busy.operationId), '')).status);
    }
    assert.equal(statuses.includes(429), false);
    const sixth = await busy.device.ask(pollTopic('6', busy.operationId), '');
    assert.match(sixth.topic, /^\$dps\/registrations\/res\/429\/\?\$rid=6&retry-after=[12]$/);
    assert.equal(resultOf(sixth).body.errorCode, 429001);
    assert.notEqual(resultOf(await calm.device.ask(pollTopic('1', calm.operationId), '')).status, 429);
    const later = await eventually(async () => {
      const answer = resultOf(await busy.device.ask(pollTopic('7', busy.operationId), ''));
      return answer.status === 429 ? undefined : answer;
    });
    assert.equal(later.body.status, 'assigned');
    for (const { device } of [busy, calm]) device.disconnect();
  });
});
