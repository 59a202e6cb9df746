import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import type { Registry } from 'azure-iothub';
import { systemClock } from '#base/clock.ts';
import type { ServerStatus } from '#server/status.ts';
import { startHomeport } from './start-homeport.ts';

type DeviceClient = InstanceType<typeof device.Client>;

/** A real server for a back end's SDK, with the connection strings an operator copies from `homeport status`. */
export async function openServiceBench(parameters: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
  const home = await startHomeport(parameters, environment);
  // What a person does with NODE_EXTRA_CA_CERTS: the service SDK has no option for it.
  setDefaultCACertificates([...getCACertificates('default'), home.ca]);
  const status: ServerStatus = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
  const open: DeviceClient[] = [];

  function connectionString(policy: string): string {
    const text = status.hub.connectionStrings?.[policy];
    if (text === undefined) throw new Error(`There is no connection string of ${policy}.`);
    return text;
  }

  return {
    home,
    connectionString,
    /** A token of the policy as the SDK writes it. */
    token(policy: string, expirySeconds: number): string {
      const { HostName = '', SharedAccessKey = '' } = common.ConnectionString.parse(connectionString(policy));
      return common.SharedAccessSignature.create(HostName, policy, SharedAccessKey, expirySeconds).toString();
    },
    /** Connects azure-iot-device with the key that `registry` gives the device, made when there is none. */
    async connectDevice(registry: Registry, deviceId: string): Promise<DeviceClient> {
      const { responseBody } = await registry.get(deviceId).catch(() => registry.create({ deviceId }));
      const key = responseBody.authentication?.symmetricKey?.primaryKey;
      const text = `HostName=${home.status.hub.hostName};DeviceId=${deviceId};SharedAccessKey=${key}`;
      const client = device.Client.fromConnectionString(text, deviceMqtt.Mqtt);
      client.setRetryPolicy(new common.NoRetry());
      await client.setOptions({ ca: home.ca });
      await client.open();
      open.push(client);
      return client;
    },
    /** Queues a message for the device, or for what of it `where` says, as a back end does over REST. */
    async sendMessage(
      deviceId: string,
      body: string,
      headers: Readonly<Record<string, string>> = {},
      where = 'messages/deviceBound',
    ): Promise<void> {
      const { hostName, httpsPort } = status.hub;
      const { HostName = '', SharedAccessKey = '' } = common.ConnectionString.parse(connectionString('service'));
      const end = Math.ceil(systemClock.now() / 1000) + 600;
      const authorization = common.SharedAccessSignature.create(HostName, 'service', SharedAccessKey, end).toString();
      const url = `https://${hostName}:${httpsPort}/devices/${deviceId}/${where}?api-version=2021-04-12`;
      const answer = await fetch(url, { method: 'POST', headers: { ...headers, authorization }, body });
      if (!answer.ok) throw new Error(`The message was answered ${answer.status}: ${await answer.text()}`);
    },
    /** Gives up what waits for the device, as the CLI does it; how much that was. The SDK has no call for it. */
    async purgeMessages(deviceId: string): Promise<number> {
      const { hostName, httpsPort } = status.hub;
      const authorization = this.token('service', Math.ceil(systemClock.now() / 1000) + 600);
      const url = `https://${hostName}:${httpsPort}/devices/${encodeURIComponent(deviceId)}/commands?api-version=2021-04-12`;
      const answer = await fetch(url, { method: 'DELETE', headers: { authorization } });
      if (!answer.ok) throw new Error(`The purge was answered ${answer.status}: ${await answer.text()}`);
      return JSON.parse(await answer.text()).totalMessagesPurged;
    },
    async close(): Promise<void> {
      for (const client of open.splice(0)) await client.close().catch(() => {});
      await home.close();
    },
  };
}

export type ServiceBench = Awaited<ReturnType<typeof openServiceBench>>;
