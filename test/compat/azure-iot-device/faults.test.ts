import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceAmqp from 'azure-iot-device-amqp';
import deviceHttp from 'azure-iot-device-http';
import deviceMqtt from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';
import { breakingFaults } from '#hub/faults/asked-fault.ts';
import { eventually } from '#test/support/eventually.ts';
import { makeKnown } from '#test/support/known-names.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { readRunningLog } from '#test/support/stored-log.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;
type Transport = Parameters<typeof Client.fromConnectionString>[1];

/** A client on AMQP asks TLS for a name and takes no address for one. */
const hubName = 'hub.example';

const transports: Record<string, Transport> = {
  Mqtt: deviceMqtt.Mqtt as Transport,
  MqttWs: deviceMqtt.MqttWs as Transport,
  Amqp: deviceAmqp.Amqp as Transport,
  AmqpWs: deviceAmqp.AmqpWs as Transport,
};

const httpTransport = deviceHttp.Http as Transport;

/** As the SDK's own, without the waiting. */
const eager = { shouldRetry: () => true, nextRetryTimeout: () => 50 } as unknown as common.RetryPolicy;

const amqpFaults = breakingFaults.filter((fault) => fault !== 'ShutDownMqtt');
const mqttFaults = ['KillTcp', 'ShutDownMqtt'];
/** What breaks a link is the same in a WebSocket. */
const faultsOf = {
  Mqtt: mqttFaults,
  MqttWs: mqttFaults,
  Amqp: amqpFaults,
  AmqpWs: ['KillTcp', 'KillAmqpConnection', 'KillAmqpSession', 'KillAmqpD2CLink', 'ShutDownAmqp'],
};

/** A hub with `hub.faults` as given, and devices of it. */
async function openFaultBench(faults?: string) {
  const environment = faults === undefined ? undefined : { HOMEPORT_HUB__FAULTS: faults };
  const home: RunningHomeport = await startHomeport(['--host-name', hubName], environment);
  const open: Client[] = [];
  let made = 0;
  makeKnown(hubName, home.address);
  // What a person does with NODE_EXTRA_CA_CERTS: neither the service SDK nor the device's over Http has an option for it.
  setDefaultCACertificates([...getCACertificates('default'), home.ca]);
  const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
  const registry = iothub.Registry.fromConnectionString(hub.connectionStrings.iothubowner);
  return {
    home,
    async connect(transport: Transport | undefined, policy: common.RetryPolicy) {
      const deviceId = `d-${++made}`;
      const { responseBody } = await registry.create({ deviceId });
      const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
      assert.ok(transport);
      const client = Client.fromConnectionString(`HostName=${hubName};DeviceId=${deviceId};SharedAccessKey=${key}`, transport);
      client.setRetryPolicy(policy);
      // Over Http its promise would never be kept: the transport forgets to answer. There the process trusts the CA.
      if (transport !== httpTransport) await client.setOptions({ ca: home.ca });
      await client.open();
      open.push(client);
      return { client, deviceId };
    },
    /** What was logged of a device under this name. */
    logged: (event: string, deviceId: string): Record<string, unknown>[] =>
      home
        .log()
        .split('\n')
        .filter((line) => line.includes(`"${event}"`) && line.includes(`"${deviceId}"`))
        .map((line) => JSON.parse(line)),
    async bodies(deviceId: string): Promise<string[]> {
      const events = await readRunningLog(home);
      return events.filter((event) => event.deviceId === deviceId).map(({ body }) => body.toString());
    },
    async closeClients() {
      for (const client of open.splice(0)) await client.close().catch(() => {});
    },
    close: () => home.close(),
  };
}

/** As the suites of the SDKs write it. */
function faultMessage(type: string, seconds: { delay?: number; duration?: number } = {}) {
  const message = new Message('fault');
  message.properties.add('AzIoTHub_FaultOperationType', type);
  message.properties.add('AzIoTHub_FaultOperationCloseReason', ' boom ');
  message.properties.add('AzIoTHub_FaultOperationDelayInSecs', String(seconds.delay ?? 0));
  if (seconds.duration !== undefined) message.properties.add('AzIoTHub_FaultOperationDurationInSecs', String(seconds.duration));
  return message;
}

describe('faults that azure-iot-device asks for, as it comes from npm', () => {
  let bench: Awaited<ReturnType<typeof openFaultBench>>;
  before(async () => {
    bench = await openFaultBench('messages');
  });
  afterEach(() => bench.closeClients());
  after(() => bench?.close());

  /** With every link there is on AMQP. */
  async function connectWhole(transport: Transport | undefined, policy: common.RetryPolicy) {
    const { client, deviceId } = await bench.connect(transport, policy);
    client.on('message', () => {});
    client.onDeviceMethod('any', (_request, response) => void response.send(200).catch(() => {}));
    await client.getTwin();
    await client.sendEvent(new Message('before'));
    return { client, deviceId };
  }

  const injection = (deviceId: string) => eventually(() => bench.logged('fault.injected', deviceId)[0]);

  for (const [name, faults] of Object.entries(faultsOf)) {
    for (const fault of faults) {
      test(`${fault} over ${name} is acknowledged and happens; the client is back by itself, and nothing acknowledged is lost`, async () => {
        const { client, deviceId } = await connectWhole(transports[name], eager);
        await client.sendEvent(faultMessage(fault));
        const { type, reason } = await injection(deviceId);
        assert.deepEqual([type, reason], [fault, ' boom ']);
        for (let i = 0; i < 3; i++) await client.sendEvent(new Message(`after ${i}`));
        // What was under way when its link went comes twice: at least once is what is promised.
        const stored = new Set(await bench.bodies(deviceId));
        assert.deepEqual([...stored].sort(), ['after 0', 'after 1', 'after 2', 'before']);
      });
    }
  }

  for (const [name, fault] of [
    ['Mqtt', 'KillTcp'],
    ['MqttWs', 'ShutDownMqtt'],
    ['Amqp', 'KillAmqpSession'],
    ['Amqp', 'KillAmqpCBSLinkResp'],
    ['Amqp', 'KillAmqpD2CLink'],
    ['AmqpWs', 'ShutDownAmqp'],
  ] as const) {
    test(`a client over ${name} that does not try again notices ${fault}, and presence says why`, async () => {
      const { client, deviceId } = await bench.connect(transports[name], new common.NoRetry());
      await client.sendEvent(new Message('before'));
      const lost = once(client, 'disconnect');
      await client.sendEvent(faultMessage(fault));
      await lost;
      const { cause } = await eventually(() => bench.logged('device.disconnected', deviceId)[0]);
      // The device itself leaves when only its tokens have no link any more.
      assert.equal(cause, fault === 'KillAmqpCBSLinkResp' ? 'disconnect' : 'fault-injected');
    });
  }

  for (const [fault, name, httpText] of [
    ['InvokeThrottling', 'ThrottlingError', /Too Many Requests/],
    ['InvokeMaxMessageQuota', 'IotHubQuotaExceededError', /Forbidden/],
    ['InvokeAuthError', 'UnauthorizedError', /Unauthorized/],
  ] as const) {
    test(`${fault} over Amqp fails messages with ${name} on a connection that stays, until it is over`, async () => {
      const { client, deviceId } = await bench.connect(transports.Amqp, new common.NoRetry());
      await client.sendEvent(new Message('before'));
      await client.sendEvent(faultMessage(fault, { duration: 1 }));
      await assert.rejects(client.sendEvent(new Message('during')), { name });
      await eventually(() =>
        client.sendEvent(new Message('after')).then(
          () => true,
          () => undefined,
        ),
      );
      assert.deepEqual(await bench.bodies(deviceId), ['before', 'after']);
      assert.deepEqual(bench.logged('device.disconnected', deviceId), []);
    });

    test(`${fault} over Mqtt ends the connection at the next message, which is sent again and stored`, async () => {
      const { client, deviceId } = await bench.connect(transports.Mqtt, eager);
      await client.sendEvent(faultMessage(fault));
      await client.sendEvent(new Message('during'));
      assert.deepEqual(await bench.bodies(deviceId), ['during']);
      assert.equal(bench.logged('device.disconnected', deviceId)[0]?.cause, 'fault-injected');
    });

    test(`${fault} over Http fails the message that asks for it, and no other`, async () => {
      const { client, deviceId } = await bench.connect(httpTransport, new common.NoRetry());
      await assert.rejects(client.sendEvent(faultMessage(fault)), httpText);
      await client.sendEvent(new Message('after'));
      assert.deepEqual(await bench.bodies(deviceId), ['after']);
    });
  }

  test('KillTcp over Http is acknowledged, and the next request goes through', async () => {
    const { client, deviceId } = await bench.connect(httpTransport, new common.NoRetry());
    await client.sendEvent(faultMessage('KillTcp', { delay: 2 }));
    await client.sendEvent(new Message('after'));
    assert.deepEqual(await bench.bodies(deviceId), ['after']);
  });

  test('a fault that does not exist, or after no number of seconds, makes an ordinary message', async () => {
    const { client, deviceId } = await bench.connect(transports.Mqtt, new common.NoRetry());
    await client.sendEvent(faultMessage('KillEverything'));
    await client.sendEvent(faultMessage('KillTcp', { delay: -1 }));
    assert.deepEqual(await bench.bodies(deviceId), ['fault', 'fault']);
    assert.equal(bench.logged('fault.unknown', deviceId).length, 2);
  });

  test('a fault of another protocol is acknowledged, and nothing happens', async () => {
    const { client, deviceId } = await bench.connect(transports.Mqtt, new common.NoRetry());
    await client.sendEvent(faultMessage('KillAmqpD2CLink'));
    await eventually(() => bench.logged('fault.ignored', deviceId)[0]);
    await client.sendEvent(new Message('after'));
    assert.deepEqual(await bench.bodies(deviceId), ['after']);
  });
});

test('with hub.faults off, as it is by itself, what asks for a fault is telemetry like any other', async (t) => {
  const bench = await openFaultBench();
  t.after(() => bench.close());
  for (const transport of [...Object.values(transports), httpTransport]) {
    const { client, deviceId } = await bench.connect(transport, new common.NoRetry());
    await client.sendEvent(faultMessage('KillTcp'));
    await client.sendEvent(new Message('after'));
    assert.deepEqual(await bench.bodies(deviceId), ['fault', 'after']);
  }
  await bench.closeClients();
  assert.equal(bench.home.log().includes('fault.'), false);
});
