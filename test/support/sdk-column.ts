import { EventEmitter } from 'node:events';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceAmqp from 'azure-iot-device-amqp';
import deviceHttp from 'azure-iot-device-http';
import deviceMqtt from 'azure-iot-device-mqtt';
import type iothub from 'azure-iothub';
import { eventually } from './eventually.ts';
import type { ServiceBench } from './service-bench.ts';
import { readRunningLog } from './stored-log.ts';

const { Client, ModuleClient } = device;
export type DeviceClient = InstanceType<typeof Client>;
export type DeviceMessage = InstanceType<typeof device.Message>;
type Transport = Parameters<typeof Client.fromConnectionString>[1];

/** Every transport that the SDK has, by its own name. */
export const sdkTransports = {
  Mqtt: deviceMqtt.Mqtt,
  MqttWs: deviceMqtt.MqttWs,
  Amqp: deviceAmqp.Amqp,
  AmqpWs: deviceAmqp.AmqpWs,
  Http: deviceHttp.Http,
} as unknown as Readonly<Record<TransportName, Transport>>;

export type TransportName = 'Mqtt' | 'MqttWs' | 'Amqp' | 'AmqpWs' | 'Http';
export const transportNames: readonly TransportName[] = ['Mqtt', 'MqttWs', 'Amqp', 'AmqpWs', 'Http'];

const closeMsMax = 2_000;

/** What a poll over HTTPS calls: by itself the SDK asks every 25 minutes. */
type Polling = { _transport: { receive(): void } };

/** A device and a module of it, with the unmodified SDK's clients over one transport. */
export async function openSdkColumn(bench: ServiceBench, registry: iothub.Registry, transport: TransportName) {
  const deviceId = `column-${transport}`;
  const { hostName } = bench.home.status.hub;
  const { responseBody } = await registry.create({ deviceId });
  const key = responseBody.authentication?.symmetricKey?.primaryKey ?? '';
  const added = await registry.addModule({ deviceId, moduleId: 'm' });
  const moduleKey: string = added.responseBody.authentication.symmetricKey.primaryKey;
  const open: { close(): Promise<unknown> }[] = [];
  let isOver = false;

  async function prepare<C extends DeviceClient | InstanceType<typeof ModuleClient>>(
    client: C,
    options: object = {},
  ): Promise<C> {
    // The SDK's own policy, which at the end of the test would keep the process.
    const policy = new common.ExponentialBackOffWithJitter(true);
    const shouldRetry = policy.shouldRetry.bind(policy);
    policy.shouldRetry = (error) => !isOver && shouldRetry(error);
    client.setRetryPolicy(policy);
    // Over Http its promise is never kept: the transport takes the options and forgets to answer.
    const set = client.setOptions({ ca: bench.home.ca, ...options });
    if (transport !== 'Http') await set;
    open.push(client);
    return client;
  }

  const text = (more: string) => `HostName=${hostName};DeviceId=${deviceId};${more}`;
  const newClient = (options: object = {}) =>
    prepare(Client.fromConnectionString(text(`SharedAccessKey=${key}`), sdkTransports[transport]), options);
  const client = await newClient(transport === 'Http' ? { http: { receivePolicy: { manualPolling: true, drain: false } } } : {});
  const module = await prepare(
    ModuleClient.fromConnectionString(text(`ModuleId=m;SharedAccessKey=${moduleKey}`), sdkTransports[transport]),
  );
  const received: DeviceMessage[] = [];

  return {
    transport,
    deviceId,
    client,
    module,
    newClient,
    /** Of the event log: what the hub stored of a message with this body. */
    arrival: (body: string) =>
      eventually(async () =>
        (await readRunningLog(bench.home)).find((event) => event.deviceId === deviceId && event.body.toString() === body),
      ),
    /** Begins to receive messages to the device. */
    listen(): void {
      client.on('message', (message: DeviceMessage) => received.push(message));
    },
    /** The next message to the device; over HTTPS it is asked for. */
    next(): Promise<DeviceMessage> {
      if (transport === 'Http') (client as unknown as Polling)._transport.receive();
      return eventually(() => received.shift());
    },
    async isEmpty(): Promise<void> {
      await eventually(async () => {
        const { responseBody } = await registry.get(deviceId);
        return Number(responseBody.cloudToDeviceMessageCount) === 0 ? true : undefined;
      });
    },
    async close(): Promise<void> {
      isOver = true;
      // After a lost connection it may wait for good for an answer that nobody owes it.
      const late = new Promise((resolve) => setTimeout(resolve, closeMsMax));
      for (const one of open) if (one instanceof EventEmitter) one.on('error', () => {});
      await Promise.race([Promise.all(open.map((one) => one.close().catch(() => {}))), late]);
    },
  };
}

export type SdkColumn = Awaited<ReturnType<typeof openSdkColumn>>;
