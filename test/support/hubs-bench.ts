import dns from 'node:dns';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import type { HubStatus } from '#server/status.ts';
import type { KeptRefusal } from './compat-bench.ts';
import { startHomeport } from './start-homeport.ts';
import { testPlatform } from './test-platform.ts';

type Client = InstanceType<typeof device.Client>;

/** A real server to which hubs are added as a person does, and the SDKs of devices and back ends for each of them. */
export async function openHubsBench() {
  const home = await startHomeport();
  setDefaultCACertificates([...getCACertificates('default'), home.ca]);
  const open: Client[] = [];
  const lookup = dns.lookup;
  // Names below localhost, which this machine need not resolve, lead to the server: what a hosts file would do.
  dns.lookup = ((name: string, ...rest: unknown[]) => {
    const address = name.endsWith('.localhost') ? home.address : name;
    return (lookup as (...words: unknown[]) => void)(address, ...rest);
  }) as typeof dns.lookup;

  async function hubStatus(name: string): Promise<HubStatus> {
    const { hubs } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
    return hubs[name];
  }

  async function prepared(client: Client): Promise<Client> {
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: home.ca });
    open.push(client);
    return client;
  }

  return {
    home,
    hubStatus,
    createHub: (name: string) => home.ok('homeport', ['hub', 'create', name]),
    /** A device by key: its connection string as the command prints it. */
    async addDevice(hub: string, deviceId: string, ...words: string[]): Promise<string> {
      const line = ['hub', 'device', 'create', '--hub', hub, '-d', deviceId, '--auth-method', 'shared_private_key'];
      return JSON.parse(await home.ok('homeport', [...line, '--json', '--secrets', ...words])).connectionString;
    },
    /** azure-iot-device, which dials the server's address and names the hub in its user name only. */
    device: (connectionString: string) =>
      prepared(device.Client.fromConnectionString(`${connectionString};GatewayHostName=${home.address}`, deviceMqtt.Mqtt)),
    /** azure-iot-device, which dials the hub's own name. */
    deviceByName: (connectionString: string) => prepared(device.Client.fromConnectionString(connectionString, deviceMqtt.Mqtt)),
    async refusals(subject: string): Promise<KeptRefusal[]> {
      return JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', subject]));
    },
    /** The telemetry in a hub's log, read from its files; the server has stopped. */
    async telemetry(folder: string): Promise<string[]> {
      const events = await SegmentEvents.open(testPlatform(), { directory: join(home.data, folder) });
      try {
        const stored = await events.read({ from: events.start, max: 1_000 });
        return stored.filter(({ source }) => source === 'Telemetry').map((event) => `${event.deviceId} ${event.body}`);
      } finally {
        await events.close();
      }
    },
    async hangUp(): Promise<void> {
      for (const client of open.splice(0)) await client.close().catch(() => {});
    },
    async close(): Promise<void> {
      for (const client of open.splice(0)) await client.close().catch(() => {});
      dns.lookup = lookup;
      await home.close();
    },
  };
}

export type HubsBench = Awaited<ReturnType<typeof openHubsBench>>;
