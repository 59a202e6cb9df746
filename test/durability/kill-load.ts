import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { openCentralClient } from '#test/support/central-client.ts';
import type { TestCertificate } from '#test/support/certificates.ts';
import { eventually } from '#test/support/eventually.ts';
import { askHttps } from '#test/support/https-client.ts';
import type { RunningHomeport } from '#test/support/start-homeport.ts';
import { readLog, readRunningLog } from '#test/support/stored-log.ts';
import { connectTestDevice, createTestDevice, type TestDevice } from '#test/support/test-device.ts';

/** The demo's model: its `Temperature` is charted. */
const modelId = 'dtmi:homeport:demo:environment;1';

export type KillScale = { kills: number; devices: number; inFlight: number; messagesPerLife: number };

/** One line for whoever reads the run: how large it is. */
export function describeScale({ kills, devices, inFlight, messagesPerLife }: KillScale): string {
  return `${kills} kills, ${devices} devices with ${inFlight} messages in flight each, a kill after ${messagesPerLife} acknowledged`;
}

export type KillFigures = {
  /** Messages whose PUBACK arrived, and those in the log, duplicates included. */
  acknowledged: number;
  stored: number;
  /** Sent when the server died and not acknowledged; they were sent again. */
  unanswered: number;
  /** Points in the chart of one device, which is as many as it has messages in the log. */
  charted: number;
  /** After each kill. */
  starts: readonly Start[];
};

/** From the start of the process until it had answered a device and a page, and how much of a processor it had until then. */
export type Start = { readonly tookMs: number; readonly processorMs: number };

/** One device of the load: counts from 1, keeps several messages in flight, sends again what was not acknowledged. */
export class CountingDevice {
  readonly deviceId: string;
  readonly acknowledged = new Set<number>();
  /** Sent by the last life and not acknowledged, in order. */
  unanswered: number[] = [];
  #sent = 0;

  constructor(deviceId: string) {
    this.deviceId = deviceId;
  }

  /** Sends until the connection ends. `onAcknowledged` is called at each PUBACK. */
  async run(connection: TestDevice, inFlight: number, onAcknowledged: () => void): Promise<void> {
    const again = this.unanswered;
    const open = new Set<number>();
    const lane = async () => {
      while (connection.closed === undefined) {
        const n = again.shift() ?? ++this.#sent;
        open.add(n);
        if (!(await connection.send(Buffer.from(`{"Temperature":${n}}`)))) return;
        open.delete(n);
        this.acknowledged.add(n);
        onAcknowledged();
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    this.unanswered = [...open, ...again].sort((a, b) => a - b);
  }
}

/**
 * Kills the server in the middle of a load, again and again, starts it as it lies there, and each time reads what its log
 * holds then: every acknowledged message is there, and each device's messages begin in the order in which they were
 * sent. In the end the chart of a device, rebuilt from the log after each kill, has exactly its messages.
 */
export async function killUnderLoad(home: RunningHomeport, scale: KillScale, say: (line: string) => void): Promise<KillFigures> {
  const from = new Date(Date.now() - 60_000);
  const devices = Array.from({ length: scale.devices }, (_, index) => new CountingDevice(`load-${index}`));
  const identities = new Map<string, TestCertificate>();
  for (const { deviceId } of devices) identities.set(deviceId, await createTestDevice(home, deviceId));
  const connect = async ({ deviceId }: CountingDevice) => {
    const identity = identities.get(deviceId);
    assert.ok(identity);
    return connectTestDevice(home, deviceId, identity, modelId);
  };
  const [first] = devices;
  assert.ok(first);
  await chartDevice(home, first, () => connect(first));

  let unanswered = 0;
  const starts: Start[] = [];
  for (let kill = 1; kill <= scale.kills; kill++) {
    const connections = await Promise.all(devices.map(async (device) => ({ device, connection: await connect(device) })));
    let acknowledged = 0;
    let killed: Promise<void> | undefined;
    await Promise.all(
      connections.map(({ device, connection }) =>
        device.run(connection, scale.inFlight, () => {
          acknowledged++;
          // Between two PUBACKs, whatever the server does just then; what is in its sockets is lost with it.
          if (acknowledged >= scale.messagesPerLife) killed ??= home.kill();
        }),
      ),
    );
    await killed;
    unanswered += devices.reduce((sum, device) => sum + device.unanswered.length, 0);
    const start = await startAgain(home, () => connect(first));
    starts.push(start);
    const stored = await readRunningLog(home);
    checkLog(devices, stored);
    say(
      `kill ${kill} of ${scale.kills}: ${acknowledged} acknowledged in this life, ${stored.length} messages in the log, none lost; the next start took ${describeStart(start)}`,
    );
  }
  const charted = await readChart(home, first, from);
  assert.equal(await home.stop(), 0);
  const stored = await readLog(home.data);
  assert.deepEqual(
    charted,
    stored.filter(({ deviceId }) => deviceId === first.deviceId).map(numberOf),
    'the chart has every message once, in the order of the log',
  );
  return {
    acknowledged: devices.reduce((sum, device) => sum + device.acknowledged.size, 0),
    stored: stored.length,
    unanswered,
    charted: charted.length,
    starts,
  };
}

/** Where other work kept the processors, the second figure says what the start itself asked for. */
export function describeStart({ tookMs, processorMs }: Start): string {
  return `${seconds(tookMs)} (${seconds(processorMs)} of a processor)`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Starts the server on what the kill left; done when a device was let in and a page served. */
async function startAgain(home: RunningHomeport, connect: () => Promise<TestDevice>): Promise<Start> {
  const begun = performance.now();
  await home.restart();
  const [connection, page] = await Promise.all([connect(), askHttps(`https://${home.address}:8443/`, home.ca)]);
  const tookMs = performance.now() - begun;
  const processorMs = await readProcessorMs(home.status.pid);
  assert.equal(page.status, 200);
  connection.disconnect();
  await connection.end;
  return { tookMs, processorMs };
}

/** User and system time of a process, which the kernel counts in hundredths of a second. */
async function readProcessorMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything, comes the third field.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Makes Central know the device, and lets it announce its model: what it sends from then on is charted. */
async function chartDevice(
  home: RunningHomeport,
  { deviceId }: CountingDevice,
  connect: () => Promise<TestDevice>,
): Promise<void> {
  const central = await openCentralClient(home);
  const path = `/api/devices/${deviceId}`;
  await central.ok('PUT', path, { displayName: deviceId });
  const connection = await connect();
  await eventually(async () => (await central.ok('GET', path)).template);
  connection.disconnect();
  await connection.end;
}

function numberOf({ body }: StoredEvent): number {
  const { Temperature } = JSON.parse(body.toString()) as { Temperature: number };
  return Temperature;
}

/**
 * Sending again makes duplicates, so the first arrivals count: each device's must be 1, 2, 3… without a
 * gap, and reach every number that was acknowledged.
 */
export function checkLog(
  devices: readonly { deviceId: string; acknowledged: ReadonlySet<number> }[],
  stored: readonly StoredEvent[],
): void {
  const reached = new Map<string, number>();
  for (const event of stored) {
    const before = reached.get(event.deviceId) ?? 0;
    const n = numberOf(event);
    assert.ok(n <= before + 1, `${event.deviceId}: ${n} came before ${before + 1}`);
    reached.set(event.deviceId, Math.max(before, n));
  }
  for (const { deviceId, acknowledged } of devices) {
    const lost = [...acknowledged].filter((n) => n > (reached.get(deviceId) ?? 0));
    assert.deepEqual(lost, [], `${deviceId}: acknowledged and not in the log`);
  }
}

async function readChart(home: RunningHomeport, { deviceId }: CountingDevice, from: Date): Promise<number[]> {
  const central = await openCentralClient(home);
  const to = new Date(Date.now() + 60_000);
  const query = new URLSearchParams({ names: 'Temperature', from: from.toISOString(), to: to.toISOString(), points: '10000' });
  const { series } = await central.ok('GET', `/api/ui/devices/${deviceId}/series?${query}`);
  const [temperature] = series as unknown as { points: [number, number | null][] }[];
  // A null breaks the line where the server was away.
  return (temperature?.points ?? []).map(([, value]) => value).filter((value) => value !== null);
}
