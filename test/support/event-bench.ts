import {
  EventHubConsumerClient,
  type EventPosition,
  earliestEventPosition,
  type ReceivedEventData,
  type SubscribeOptions,
} from '@azure/event-hubs';
import common from 'azure-iot-common';
import { systemClock } from '#base/clock.ts';
import type { ServerStatus } from '#server/status.ts';
import { eventually } from './eventually.ts';
import { makeKnown } from './known-names.ts';
import { openServiceBench } from './service-bench.ts';

export type SentEvent = { readonly body: string | Buffer; readonly properties?: Readonly<Record<string, string>> };

/** What a subscription got, and what went wrong with it. */
export type Subscription = {
  readonly events: ReceivedEventData[];
  readonly errors: (Error & { code?: string })[];
  /** Bodies of what came from one device, in order. */
  bodiesOf(deviceId: string): unknown[];
  close(): Promise<void>;
};

export type ReadOptions = SubscribeOptions & {
  group?: string;
  from?: EventPosition;
  partition?: string;
  webSocket?: unknown;
  onEvents?: (events: readonly ReceivedEventData[]) => void;
};

let made = 0;

/** A real server with a back end that reads its events by the published client, as it comes from npm. */
export async function openEventBench(parameters: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
  // A client on AMQP asks TLS for a name and takes no address for one; each server of a process has its own.
  const hostName = `events${made++}.example`;
  const bench = await openServiceBench(['--host-name', hostName, ...parameters], environment);
  makeKnown(hostName, bench.home.address);
  const status: ServerStatus = JSON.parse(await bench.home.ok('homeport', ['status', '--json', '--secrets']));
  const connectionString = status.hub.eventHubConnectionStrings?.service ?? '';
  const keys = new Map<string, string>();
  const open: { close(): Promise<void> }[] = [];

  async function tokenOf(deviceId: string): Promise<string> {
    let key = keys.get(deviceId);
    if (key === undefined) {
      const words = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--secrets', '--json'];
      const made = JSON.parse(await bench.home.ok('homeport', words));
      key = common.ConnectionString.parse(made.connectionString).SharedAccessKey ?? '';
      keys.set(deviceId, key);
    }
    const end = Math.ceil(systemClock.now() / 1000) + 3600;
    return common.SharedAccessSignature.create(`${hostName}/devices/${deviceId}`, '', key, end).toString();
  }

  return {
    ...bench,
    hostName,
    /** `Endpoint=sb://…`, of the policy `service`. */
    eventConnectionString: connectionString,
    /** Resolves when all are on disk. */
    async send(deviceId: string, events: readonly SentEvent[]): Promise<void> {
      const { httpsPort } = bench.home.status.hub;
      const headers = { authorization: await tokenOf(deviceId), 'content-type': 'application/vnd.microsoft.iothub.json' };
      const url = `https://${bench.home.address}:${httpsPort}/devices/${deviceId}/messages/events?api-version=2021-04-12`;
      for (let i = 0; i < events.length; i += 400) {
        const batch = events.slice(i, i + 400).map(({ body, properties = {} }) => ({
          body: Buffer.from(body).toString('base64'),
          base64Encoded: true,
          properties,
        }));
        const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(batch) });
        if (!answer.ok) throw new Error(`The events were answered ${answer.status}: ${await answer.text()}`);
      }
    },
    consumer(group = '$Default', options: object = {}) {
      const client = new EventHubConsumerClient(group, connectionString, { retryOptions: { maxRetries: 0 }, ...options });
      open.push(client);
      return client;
    },
    /** Subscribes to all partitions or to one, and collects. */
    read({ group, from = earliestEventPosition, partition, webSocket, onEvents, ...options }: ReadOptions = {}): Subscription {
      const client = new EventHubConsumerClient(group ?? '$Default', connectionString, {
        retryOptions: { maxRetries: 0 },
        ...(webSocket === undefined ? {} : { webSocketOptions: { webSocket: webSocket as never } }),
      });
      open.push(client);
      const events: ReceivedEventData[] = [];
      const errors: Error[] = [];
      const handlers = {
        async processEvents(some: ReceivedEventData[]) {
          events.push(...some);
          onEvents?.(some);
        },
        async processError(error: Error) {
          errors.push(error);
        },
      };
      const asked = { startPosition: from, maxBatchSize: 100, maxWaitTimeInSeconds: 1, ...options };
      const subscription =
        partition === undefined ? client.subscribe(handlers, asked) : client.subscribe(partition, handlers, asked);
      return {
        events,
        errors,
        bodiesOf: (deviceId) =>
          events.filter(({ systemProperties: p }) => p?.['iothub-connection-device-id'] === deviceId).map(({ body }) => body),
        async close() {
          await subscription.close();
          await client.close();
        },
      };
    },
    /** Resolves when a subscription has so many events. */
    async count(subscription: Subscription, count: number): Promise<ReceivedEventData[]> {
      return eventually(() => (subscription.events.length >= count ? subscription.events : undefined), 30_000);
    },
    async close(): Promise<void> {
      await Promise.all(open.splice(0).map((each) => each.close().catch(() => {})));
      await bench.close();
    },
  };
}

export type EventBench = Awaited<ReturnType<typeof openEventBench>>;
