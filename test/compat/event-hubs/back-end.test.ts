import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import iothub from 'azure-iothub';
import { type EventBench, openEventBench } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';

type Line = {
  partition?: string;
  sequenceNumber?: number;
  n?: number;
  device?: string;
  error?: string;
  step?: string;
  end?: string;
  devices?: string[];
  made?: number;
  pages?: number[];
  found?: number;
  succeededCount?: number;
  failedCount?: number;
  answers?: unknown[];
};

/** A back end's process and what it printed. */
class BackEnd {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;

  constructor(steps: string, options: object) {
    const script = join(import.meta.dirname, 'back-end.ts');
    this.#child = spawn(process.execPath, [script, steps, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      const pieces = (rest + chunk).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) this.lines.push(JSON.parse(piece));
    });
    this.ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** What it got, as partition and number. */
  get events(): string[] {
    return this.lines.flatMap(({ partition, sequenceNumber }) =>
      partition === undefined ? [] : [`${partition}/${sequenceNumber}`],
    );
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.ended;
  }
}

describe('a back end with azure-iothub and @azure/event-hubs and nothing else', () => {
  let bench: EventBench;
  const open: BackEnd[] = [];
  before(async () => {
    bench = await openEventBench();
  });
  after(async () => {
    for (const each of open) await each.stop();
    await bench?.close();
  });

  function start(steps: string, { group, ownerLevel }: { group: string; ownerLevel: number }): BackEnd {
    const { home, hostName } = bench;
    const backEnd = new BackEnd(steps, {
      hubConnectionString: bench.connectionString('iothubowner'),
      eventConnectionString: bench.eventConnectionString,
      hostName,
      address: home.address,
      ca: home.ca,
      group,
      ownerLevel,
      store: join(home.folder, group.replace('$', '')),
      count: 1_000_000,
    });
    open.push(backEnd);
    return backEnd;
  }

  test('a thousand devices in bulk, those of a tag in pages, and a job over twins and one over a method', async () => {
    const lamps = ['lamp-1', 'lamp-2'];
    const registry = iothub.Registry.fromConnectionString(bench.connectionString('iothubowner'));
    for (const deviceId of lamps) {
      const lamp = await bench.connectDevice(registry, deviceId);
      lamp.onDeviceMethod('blink', (request, response) => {
        response.send(200, { blinked: request.payload.times }).catch(() => {});
      });
    }
    const backEnd = start('bulk,query,jobs', { group: '$Default', ownerLevel: 1 });
    await backEnd.ended;
    const said = (step: string) => backEnd.lines.find((line) => line.step === step);
    assert.equal(said('bulk')?.made, 1_000);
    assert.deepEqual([said('query')?.pages, said('query')?.found], [[75, 75, 75, 75, 75, 75, 50], 500]);
    assert.deepEqual([said('north')?.succeededCount, said('north')?.failedCount], [500, 0]);
    assert.deepEqual([said('blink')?.succeededCount, said('blink')?.failedCount], [2, 0]);
    assert.deepEqual(
      said('outcomes')?.answers,
      lamps.map((lamp) => [lamp, { status: 200, payload: { blinked: 3 } }]),
    );
    assert.equal((await registry.getTwin('fleet-998')).responseBody.properties.desired.interval, 30);
    assert.equal((await registry.getTwin('fleet-999')).responseBody.properties.desired.interval, undefined);
  });

  const devices = ['basin-1', 'basin-2', 'basin-3', 'basin-4', 'basin-5'];
  let sent = 0;
  async function send(count: number): Promise<void> {
    const properties = { 'iothub-contenttype': 'application/json', 'iothub-contentencoding': 'utf-8' };
    await Promise.all(
      devices.map((device) =>
        bench.send(
          device,
          Array.from({ length: count }, (_, n) => ({ body: JSON.stringify({ n: sent + n }), properties })),
        ),
      ),
    );
    sent += count;
  }

  test('two groups in two processes read every event; a higher owner level takes over, and a restart of the server loses none', async () => {
    await bench.home.ok('homeport', ['hub', 'consumer-group', 'create', 'archive']);
    await send(60);
    const all = () => sent * devices.length;
    const first = start('registry,read', { group: '$Default', ownerLevel: 1 });
    const archive = start('read', { group: 'archive', ownerLevel: 1 });
    await eventually(() => (first.events.length >= all() && archive.events.length >= all()) || undefined, 60_000);
    const [{ step, devices: listed = [] } = {}] = first.lines;
    assert.equal(step, 'registry');
    assert.deepEqual(
      listed.filter((device) => device.startsWith('basin-')),
      devices,
    );
    for (const { events } of [first, archive]) {
      assert.equal(events.length, all());
      assert.equal(new Set(events).size, all());
    }

    // Somebody with a higher owner level goes on where the first one's checkpoints are.
    const second = start('read', { group: '$Default', ownerLevel: 2 });
    await first.ended;
    assert.deepEqual(first.lines.at(-1), { step: 'read', end: 'disconnected' });
    await send(40);
    const both = () => new Set([...first.events, ...second.events]);
    await eventually(() => both().size >= all() || undefined, 60_000);

    // The server goes away and comes back with more behind it.
    await bench.home.stop();
    await bench.home.restart();
    await send(30);
    await eventually(() => (both().size >= all() && new Set(archive.events).size >= all()) || undefined, 120_000);
    const perDevice = new Map<string, number[]>();
    for (const { device, n } of [
      ...new Map(archive.lines.map((line) => [`${line.partition}/${line.sequenceNumber}`, line])).values(),
    ]) {
      if (device !== undefined && n !== undefined) perDevice.set(device, [...(perDevice.get(device) ?? []), n]);
    }
    for (const device of devices) {
      assert.deepEqual(
        perDevice.get(device),
        Array.from({ length: sent }, (_, n) => n),
        device,
      );
    }
  });
});
