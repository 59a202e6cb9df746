/**
 * A back end in a process of its own, with nothing but azure-iothub and @azure/event-hubs: what somebody would run beside a
 * cloud hub, unchanged. It prints what it did as lines of JSON. Steps are named on the command line and follow each other.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setDefaultCACertificates } from 'node:tls';
import {
  type Checkpoint,
  type CheckpointStore,
  EventHubConsumerClient,
  earliestEventPosition,
  type PartitionOwnership,
} from '@azure/event-hubs';
import iothub from 'azure-iothub';
import { makeKnown } from '#test/support/known-names.ts';

type Options = {
  readonly hubConnectionString: string;
  readonly eventConnectionString: string;
  readonly hostName: string;
  readonly address: string;
  readonly ca: string;
  readonly group: string;
  readonly ownerLevel?: number;
  /** Where checkpoints lie. */
  readonly store: string;
  /** `read` ends after so many events. */
  readonly count: number;
};

const [steps = '', given = '{}'] = process.argv.slice(2);
const options: Options = JSON.parse(given);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Checkpoints in a file: what the cloud's own store keeps in a blob. */
class FileCheckpoints implements CheckpointStore {
  readonly #path: string;
  readonly #owners = new Map<string, PartitionOwnership>();

  constructor(path: string) {
    this.#path = path;
  }

  async listOwnership(): Promise<PartitionOwnership[]> {
    return [...this.#owners.values()];
  }

  async claimOwnership(wanted: PartitionOwnership[]): Promise<PartitionOwnership[]> {
    const claimed = wanted.map((each) => ({ ...each, etag: String(Math.random()), lastModifiedTimeInMs: Date.now() }));
    for (const each of claimed) this.#owners.set(each.partitionId, each);
    return claimed;
  }

  async updateCheckpoint(checkpoint: Checkpoint): Promise<void> {
    const others = this.#read().filter(({ partitionId }) => partitionId !== checkpoint.partitionId);
    writeFileSync(this.#path, JSON.stringify([...others, checkpoint]));
  }

  async listCheckpoints(): Promise<Checkpoint[]> {
    return this.#read();
  }

  #read(): Checkpoint[] {
    return existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : [];
  }
}

/** Each step says what it saw. A later one is added by its name. */
const run: Readonly<Record<string, () => Promise<void>>> = {
  /** The hub is there, and its registry lists its devices. */
  async registry() {
    const { responseBody } = await iothub.Registry.fromConnectionString(options.hubConnectionString).list();
    say({ step: 'registry', devices: responseBody.map(({ deviceId }) => deviceId).sort() });
  },

  /** A thousand devices, in calls of a hundred; every second of them stands in the north. */
  async bulk() {
    const registry = iothub.Registry.fromConnectionString(options.hubConnectionString);
    let made = 0;
    for (let at = 0; at < 1_000; at += 100) {
      const devices = Array.from({ length: 100 }, (_, i) => ({
        deviceId: `fleet-${at + i}`,
        tags: { fleet: true, site: (at + i) % 2 === 0 ? 'north' : 'south' },
      }));
      const { responseBody } = await registry.addDevices(devices as never);
      if (responseBody.isSuccessful) made += devices.length;
    }
    say({ step: 'bulk', made });
  },

  /** Those in the north, page by page. */
  async query() {
    const registry = iothub.Registry.fromConnectionString(options.hubConnectionString);
    const query = registry.createQuery("SELECT * FROM devices WHERE tags.site = 'north'", 75);
    const pages: number[] = [];
    const found = new Set<string>();
    while (query.hasMoreResults) {
      const { result } = await query.nextAsTwin();
      pages.push(result.length);
      for (const { deviceId } of result) found.add(deviceId);
    }
    say({ step: 'query', pages, found: found.size });
  },

  /** A job over the twins in the north, and one that calls the devices that can be called. */
  async jobs() {
    const jobs = iothub.JobClient.fromConnectionString(options.hubConnectionString);
    const patch = { etag: '*', properties: { desired: { interval: 30 } } };
    await jobs.scheduleTwinUpdate('north', "tags.site = 'north'", patch as never, new Date(), 600);
    const method = { methodName: 'blink', payload: { times: 3 }, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 30 };
    await jobs.scheduleDeviceMethod('blink', "STARTSWITH(deviceId, 'lamp-')", method, new Date(), 600);
    for (const jobId of ['north', 'blink']) {
      for (;;) {
        const { jobStatus } = (await jobs.getJob(jobId)) as unknown as {
          jobStatus: { status: string; deviceJobStatistics: Record<string, number> };
        };
        if (jobStatus.status === 'completed') {
          say({ step: jobId, ...jobStatus.deviceJobStatistics });
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    const registry = iothub.Registry.fromConnectionString(options.hubConnectionString);
    const { result } = await registry.createQuery("SELECT * FROM devices.jobs WHERE jobId = 'blink'").next();
    const rows = result as { deviceId: string; outcome?: { deviceMethodResponse: unknown } }[];
    say({ step: 'outcomes', answers: rows.map(({ deviceId, outcome }) => [deviceId, outcome?.deviceMethodResponse]) });
  },

  /** Reads on from its checkpoints until it has `count` events, or somebody with a higher owner level takes over. */
  async read() {
    const { group, eventConnectionString, store } = options;
    const client = new EventHubConsumerClient(group, eventConnectionString, new FileCheckpoints(store), {
      // By itself it waits 30 s before it tries again, and takes one more partition every 10 s.
      retryOptions: { retryDelayInMs: 500, maxRetries: 20 },
      loadBalancingOptions: { strategy: 'greedy', updateIntervalInMs: 500 },
    });
    let count = 0;
    const done = Promise.withResolvers<string>();
    const subscription = client.subscribe(
      {
        async processEvents(events, context) {
          const last = events.at(-1);
          if (!last) return;
          for (const { body, sequenceNumber, systemProperties } of events) {
            say({
              partition: context.partitionId,
              sequenceNumber,
              device: systemProperties?.['iothub-connection-device-id'],
              n: body.n,
            });
          }
          await context.updateCheckpoint(last);
          count += events.length;
          if (count >= options.count) done.resolve('all');
        },
        async processError(error: Error & { code?: string }) {
          say({ error: error.code ?? error.message });
          if (error.code === 'ReceiverDisconnectedError') done.resolve('disconnected');
        },
      },
      {
        startPosition: earliestEventPosition,
        maxWaitTimeInSeconds: 1,
        maxBatchSize: 20,
        ...(options.ownerLevel === undefined ? {} : { ownerLevel: options.ownerLevel }),
      },
    );
    say({ step: 'read', end: await done.promise });
    await subscription.close();
    await client.close();
  },
};

makeKnown(options.hostName, options.address);
setDefaultCACertificates([options.ca]);
for (const step of steps.split(',')) await run[step]?.();
process.exit(0);
