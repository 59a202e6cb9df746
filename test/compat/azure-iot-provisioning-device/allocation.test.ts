import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import provisioning from 'azure-iot-provisioning-device';
import provisioningHttp from 'azure-iot-provisioning-device-http';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import type { ProvisioningServiceClient } from 'azure-iot-provisioning-service';
import security from 'azure-iot-security-symmetric-key';
import iothub from 'azure-iothub';
import type { JsonObject } from '#base/json.ts';
import { type AllocationHook, openAllocationHook } from '#test/support/allocation-hook.ts';
import { type CompatBench, type DpsResult, type Identity, openCompatBench, resultOf } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { openProvisioningService } from '#test/support/provisioning-service.ts';

type IndividualEnrollment = Parameters<ProvisioningServiceClient['createOrUpdateIndividualEnrollment']>[0];
type Credential = Parameters<typeof provisioning.ProvisioningDeviceClient.create>[3];
const transports = {
  Mqtt: provisioningMqtt.Mqtt,
  MqttWs: provisioningMqtt.MqttWs,
  Http: provisioningHttp.Http,
};
const registerTopic = (requestId: string) => `$dps/registrations/PUT/iotdps-register/?$rid=${requestId}`;
const pollTopic = (requestId: string, operationId: unknown) =>
  `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${requestId}&operationId=${operationId}`;
const key = Buffer.alloc(64, 9).toString('base64');

describe('custom allocation and reprovisioning, with SDKs and on the wire', () => {
  let bench: CompatBench;
  let hook: AllocationHook;
  let service: ProvisioningServiceClient;
  let main: string;
  before(async () => {
    hook = await openAllocationHook();
    bench = await openCompatBench(hook.environment);
    ({ client: service } = await openProvisioningService(bench.home));
    main = bench.home.status.hub.hostName;
  });
  after(async () => {
    await bench?.close();
    await hook?.close();
  });

  const custom = () => ({
    allocationPolicy: 'custom',
    customAllocationDefinition: { webhookUrl: hook.url, apiVersion: '2021-10-01' },
  });

  /** By key; the SDK's types do not know every policy. */
  async function enrollByKey(registrationId: string, more: object = custom()): Promise<IndividualEnrollment> {
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } };
    const enrollment = { registrationId, attestation, ...more } as unknown as IndividualEnrollment;
    return (await service.createOrUpdateIndividualEnrollment(enrollment)).responseBody;
  }

  /** By the certificate that is returned: raw clients sign in with it. */
  async function enrollByCertificate(registrationId: string, more: object = custom()): Promise<Identity> {
    const identity = bench.selfSignedOf(registrationId);
    const x509 = { clientCertificates: { primary: { certificate: identity.leaf.pem } } };
    const enrollment = { registrationId, attestation: { type: 'x509', x509 }, ...more } as unknown as IndividualEnrollment;
    await service.createOrUpdateIndividualEnrollment(enrollment);
    return identity;
  }

  function clientOf(registrationId: string, transport: keyof typeof transports = 'Mqtt') {
    const { hostName, idScope } = bench.home.status.dps;
    const credential = new security.SymmetricKeySecurityClient(registrationId, key) as unknown as Credential;
    const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new transports[transport](), credential);
    // Without a callback it is a promise; the types say it may be either.
    return { client, register: async () => client.register() };
  }

  /** One registration as bytes: what `register` and `poll` hold as bodies, until the end. */
  async function registerRaw(
    registrationId: string,
    identity: Identity,
    bodies: { register: string; poll: string },
    options: { qos?: 0 | 1; cleanSession?: boolean; keepAliveSeconds?: number } = {},
  ): Promise<DpsResult> {
    const { qos = 1, ...connect } = options;
    const device = await bench.dialDps(identity, registrationId, connect);
    try {
      await device.subscribe('$dps/registrations/res/#');
      const { body } = resultOf(await device.ask(registerTopic('1'), bodies.register, qos));
      let answer = resultOf(await device.ask(pollTopic('2', body.operationId), bodies.poll, qos));
      while (answer.status === 202) {
        answer = resultOf(await device.ask(pollTopic('3', body.operationId), bodies.poll, qos));
      }
      return answer;
    } finally {
      device.disconnect();
    }
  }

  const stateOf = ({ body }: DpsResult) => body.registrationState as JsonObject;

  for (const transport of ['Mqtt', 'MqttWs', 'Http'] as const) {
    test(`dps 28, dps-service 30: the payload of Node over ${transport} reaches the webhook unchanged, and its hub and twin count`, async () => {
      const id = `node-${transport.toLowerCase()}`;
      const payload = { modelId: 'dtmi:com:example:T;1', list: [1, 2.5, null, { deep: 'ü' }] };
      const initialTwin = { tags: { place: transport }, properties: { desired: { period: 7 } } };
      hook.answerWith(() => ({ body: { iotHubHostName: main, initialTwin } }));
      await enrollByKey(id);
      const { client, register } = clientOf(id, transport);
      client.setProvisioningPayload(payload);
      const result = await register();
      assert.equal(result?.status, 'assigned');
      assert.equal(result?.assignedHub, main);
      const asked = hook.lastOf(id) as unknown as {
        individualEnrollment: JsonObject;
        deviceRuntimeContext: JsonObject;
        linkedHubs: string[];
      };
      assert.deepEqual(asked.deviceRuntimeContext, { registrationId: id, symmetricKey: {}, payload });
      assert.deepEqual(asked.linkedHubs, [main]);
      assert.deepEqual(asked.individualEnrollment.attestation, { type: 'symmetricKey' });
      assert.equal(asked.individualEnrollment.registrationId, id);
      assert.equal(hook.asked.at(-1)?.url, '/allocate?code=hook-secret');
      const status = JSON.parse(await bench.home.ok('homeport', ['status', '--json', '--secrets']));
      const registry = iothub.Registry.fromConnectionString(status.hub.connectionStrings.iothubowner);
      const twin = (await registry.getTwin(id)).responseBody;
      assert.deepEqual(twin.tags, initialTwin.tags);
      assert.equal(twin.properties.desired.period, 7);
    });
  }

  for (const [who, register, poll, qos] of [
    ['Python', '{"payload": {"a": [1, {"b": null}]}, "registrationId": "ID"}', ' ', 1],
    ['.NET', '{"payload":{"a":[1,{"b":null}]}}', '', 1],
    ['C', '{"registrationId":"ID","payload":{"a":[1,{"b":null}]}}', '{"registrationId":"ID","payload":{"a":[1,{"b":null}]}}', 0],
    ['Java', '{"registrationId":"ID","payload":"{\\"a\\":[1,{\\"b\\":null}]}"}', '', 0],
  ] as const) {
    test(`dps 28, 29: the payload of ${who} reaches the webhook, and what that returns reaches the device`, async () => {
      const id = `raw-${who.toLowerCase().replace('.', '')}`;
      const returned = { setting: { nested: [true, 'x', 1.5] } };
      hook.answerWith(() => ({ body: { iotHubHostName: main, payload: returned } }));
      const identity = await enrollByCertificate(id);
      const body = (text: string) => text.replaceAll('ID', id);
      const result = await registerRaw(id, identity, { register: body(register), poll: body(poll) }, { qos });
      assert.equal(result.status, 200);
      assert.deepEqual(stateOf(result).payload, returned);
      const context = hook.lastOf(id)?.deviceRuntimeContext as JsonObject;
      assert.deepEqual(context, { registrationId: id, x509: {}, payload: { a: [1, { b: null }] } });
    });
  }

  test('dps 29: Node finds the payload of the webhook in its result', async () => {
    hook.answerWith(() => ({ body: { iotHubHostName: main, payload: { hello: 'device' } } }));
    await enrollByKey('node-payload');
    const result = (await clientOf('node-payload').register()) as unknown as { payload?: unknown };
    assert.deepEqual(result.payload, { hello: 'device' });
  });

  test('dps 25: while the webhook thinks, polls say assigning and name the registration, as the agent of IoT Edge needs it', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    hook.answerWith(async () => {
      await released;
      return { body: { iotHubHostName: main } };
    });
    const identity = await enrollByCertificate('edge-agent-1');
    const device = await bench.dialDps(identity, 'edge-agent-1');
    await device.subscribe('$dps/registrations/res/#');
    const registered = resultOf(await device.ask(registerTopic('1'), '{"registrationId":"edge-agent-1"}'));
    assert.equal(registered.status, 202);
    const { operationId } = registered.body;
    const polled = await device.ask(pollTopic('2', operationId), '{"registrationId":"edge-agent-1"}');
    assert.equal(polled.topic, '$dps/registrations/res/202/?$rid=2&retry-after=3');
    assert.deepEqual(resultOf(polled).body, {
      operationId,
      status: 'assigning',
      registrationState: { registrationId: 'edge-agent-1', status: 'assigning' },
    });
    release();
    const done = await eventually(async () => {
      const answer = resultOf(await device.ask(pollTopic('3', operationId), ''));
      return answer.status === 200 ? answer : undefined;
    });
    assert.equal(done.body.status, 'assigned');
    device.disconnect();
  });

  test('dps 26: a webhook that answers 400 is failed with number and text, on the wire as Java and Python read it', async () => {
    hook.answerWith(() => ({ status: 400, body: { why: 'secret' } }));
    const identity = await enrollByCertificate('failing-1');
    for (const [bodies, options] of [
      [
        { register: '{"registrationId":"failing-1","payload":null}', poll: '' },
        { qos: 0, cleanSession: false, keepAliveSeconds: 230 },
      ],
      [
        { register: '{"payload": null, "registrationId": "failing-1"}', poll: ' ' },
        { qos: 1, cleanSession: false },
      ],
    ] as const) {
      const result = await registerRaw('failing-1', identity, bodies, options);
      assert.equal(result.status, 200);
      assert.equal(result.body.status, 'failed');
      const { registrationId, status, errorCode, errorMessage } = stateOf(result);
      assert.deepEqual(
        { registrationId, status, errorCode, errorMessage },
        {
          registrationId: 'failing-1',
          status: 'failed',
          errorCode: 400207,
          errorMessage: 'Custom allocation failed with status code: 400',
        },
      );
    }
    await enrollByKey('failing-2');
    await assert.rejects(clientOf('failing-2').register(), { name: 'ProvisioningRegistrationFailedError' });
    assert.equal((await bench.refusal('failing-2')).reason, 'allocation-refused');
    assert.equal((await bench.hubDevices()).includes('failing-2'), false);
  });

  test('a webhook that names no hub, or one that is not allowed, is 400208; one that turns us away 400209', async () => {
    const identity = await enrollByCertificate('failing-3');
    for (const [answer, errorCode] of [
      [{ body: {} }, 400208],
      [{ body: { iotHubHostName: 'elsewhere.example' } }, 400208],
      [{ status: 403 }, 400209],
      [{ status: 307 }, 400207],
    ] as const) {
      hook.answerWith(() => answer);
      const result = await registerRaw('failing-3', identity, { register: '', poll: '' });
      assert.equal(stateOf(result).errorCode, errorCode);
    }
  });

  test('dps 44, dps-service 32: Node registers again after its hub changed, under each policy', async () => {
    await bench.home.ok('homeport', ['hub', 'create', 'second']);
    const { hostName: second } = JSON.parse(await bench.home.ok('homeport', ['hub', 'list', '--json'])).find(
      ({ name }: { name: string }) => name === 'second',
    );
    const at = async (hub: string) => {
      const devices = JSON.parse(await bench.home.ok('homeport', ['hub', 'device', 'list', '--hub', hub, '--json']));
      return (devices as JsonObject[]).map(({ deviceId }) => String(deviceId));
    };
    const policies = {
      moving: { updateHubAssignment: true, migrateDeviceData: true },
      resetting: { updateHubAssignment: true, migrateDeviceData: false },
      staying: { updateHubAssignment: false, migrateDeviceData: false },
    };
    for (const [id, reprovisionPolicy] of Object.entries(policies)) {
      const made = await enrollByKey(id, { allocationPolicy: 'static', iotHubs: [main], reprovisionPolicy });
      const first = (await clientOf(id).register()) as unknown as JsonObject;
      assert.equal(first.substatus, 'initialAssignment');
      assert.equal(first.assignedHub, main);
      await enrollByKey(id, { ...made, iotHubs: [second] });
    }
    const again = async (id: string) => (await clientOf(id).register()) as unknown as JsonObject;
    const moved = await again('moving');
    assert.equal(moved.substatus, 'deviceDataMigrated');
    assert.equal(moved.assignedHub, second);
    const reset = await again('resetting');
    assert.equal(reset.substatus, 'deviceDataReset');
    assert.equal(reset.assignedHub, second);
    const stayed = await again('staying');
    assert.equal(stayed.substatus, 'initialAssignment');
    assert.equal(stayed.assignedHub, main);
    assert.deepEqual((await at('second')).sort(), ['moving', 'resetting']);
    const present = await bench.hubDevices();
    assert.deepEqual(
      ['moving', 'resetting', 'staying'].map((id) => present.includes(id)),
      [false, false, true],
    );
  });

  test('neither the log nor what a client reads holds the secret in the URL of the webhook', async () => {
    hook.answerWith(() => ({ status: 500 }));
    const identity = await enrollByCertificate('discreet-1');
    assert.equal(stateOf(await registerRaw('discreet-1', identity, { register: '', poll: '' })).errorCode, 400207);
    assert.ok(hook.lastOf('discreet-1'));
    assert.equal(bench.home.log().includes('hook-secret'), false);
    const { responseBody } = await service.getIndividualEnrollment('discreet-1');
    assert.equal(JSON.stringify(responseBody).includes('hook-secret'), false);
    assert.equal(
      hook.asked.some(({ body }) => JSON.stringify(body).includes('hook-secret')),
      false,
    );
  });
});

describe('a webhook inside, without leave', () => {
  test('is not called, and the device is told', async () => {
    const hook = await openAllocationHook();
    const { NODE_EXTRA_CA_CERTS } = hook.environment;
    const bench = await openCompatBench({ NODE_EXTRA_CA_CERTS });
    try {
      const { client: service } = await openProvisioningService(bench.home);
      const definition = { webhookUrl: hook.url, apiVersion: '2021-10-01' };
      const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: key, secondaryKey: key } };
      const enrollment = {
        registrationId: 'inside',
        attestation,
        allocationPolicy: 'custom',
        customAllocationDefinition: definition,
      };
      await service.createOrUpdateIndividualEnrollment(enrollment as unknown as IndividualEnrollment);
      const { hostName, idScope } = bench.home.status.dps;
      const credential = new security.SymmetricKeySecurityClient('inside', key) as unknown as Credential;
      const client = provisioning.ProvisioningDeviceClient.create(hostName, idScope, new provisioningMqtt.Mqtt(), credential);
      await assert.rejects(async () => client.register(), { name: 'ProvisioningRegistrationFailedError' });
      assert.match((await bench.refusal('inside')).detail, /the webhook must not be called/);
      assert.match(bench.home.log(), /127\.0\.0\.1, which is not on the list outgoing\.allowed/);
      assert.deepEqual(hook.asked, []);
    } finally {
      await bench.close();
      await hook.close();
    }
  });
});
