import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { eventually } from '#test/support/eventually.ts';
import { inLanes } from '#test/support/noise.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { readLog } from '#test/support/stored-log.ts';
import { deviceIdOf, makeDeviceCertificate, registerDevices } from '../../tools/bench/contenders.ts';
import { quiet, residentBytes } from '../../tools/bench/processes.ts';
import { Fleet } from './fleet.ts';

const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';
type Scale = { devices: number; intervalMs: number; longestWaitMs: number };
const full: Scale = { devices: 5_000, intervalMs: 10_000, longestWaitMs: 20_000 };
const scale: Scale = isFullSize ? full : { devices: 100, intervalMs: 400, longestWaitMs: 2_000 };
const describeScale = ({ devices, intervalMs, longestWaitMs }: Scale) =>
  `${devices} devices that send every ${intervalMs / 1000} s and wait at most some ${longestWaitMs / 1000} s, with jitter, to connect again`;
const target = { kibibytes: 60, goal: 45 } as const;
/** Long enough for a busy machine; that it takes no longer than it must is not what is shown here. */
const patienceMs = isFullSize ? 1_200_000 : 120_000;
const messagesPerPhase = 2;

/**
 * Goal: a fleet that loses its connections all at once comes back by itself, no message that was acknowledged is lost, and
 * what is told of each device's presence is true and in order.
 * Method: devices with certificates in this process, the server in its own; every line broken at once while all send, the
 * server stopped and started, and killed; then the log is read.
 */
describe('a fleet that is cut off at once', () => {
  test(`${scale.devices} devices come back, nothing acknowledged is lost, and each one’s presence is told truly`, async (t) => {
    t.diagnostic(`scale: ${describeScale(scale)}`);
    if (!isFullSize) t.diagnostic(`npm run prove -- fleet: ${describeScale(full)}`);
    const folder = mkdtempSync(join(tmpdir(), 'hp-fleet-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const { certificate, key, thumbprint } = makeDeviceCertificate(folder);
    const home = await startHomeport();
    t.after(() => home.close());
    await registerDevices(home, thumbprint, scale.devices);
    const random = seededRandom('fleet');
    const fleet = new Fleet({
      home,
      deviceIds: Array.from({ length: scale.devices }, (_, number) => deviceIdOf(number)),
      identity: { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
      intervalMs: scale.intervalMs,
      longestWaitMs: scale.longestWaitMs,
      fraction: () => random.fraction(),
    });
    t.after(() => fleet.stop());
    const { devices } = fleet;

    // Some sign-ins put the code itself into memory.
    const few = Math.min(50, scale.devices / 2);
    await inLanes(few, 20, (index) => devices[index]?.connect() ?? Promise.resolve());
    await quiet(home.status.pid);
    const before = residentBytes(home.status.pid);
    await inLanes(scale.devices - few, 40, (index) => devices[few + index]?.connect() ?? Promise.resolve());
    await quiet(home.status.pid);
    const kibibytes = (residentBytes(home.status.pid) - before) / 1024 / (scale.devices - few);
    // What a process of any size holds beside its connections counts for too much among a hundred.
    if (isFullSize)
      t.diagnostic(
        `memory of an idle device: ${kibibytes.toFixed(1)} KiB; target ≤ ${target.kibibytes} KiB (${kibibytes <= target.kibibytes ? 'met' : 'missed'}), goal ${target.goal} KiB`,
      );

    fleet.startSending();
    await allSent(fleet);
    const cutOff = async (what: string, cut: () => Promise<void>): Promise<void> => {
      const { acknowledged, failures } = fleet;
      const begun = performance.now();
      await cut();
      await eventually(() => (fleet.connected === scale.devices ? true : undefined), patienceMs);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      await allSent(fleet);
      t.diagnostic(
        `${what}: all connected again after ${seconds} s, ${fleet.failures - failures} attempts failed; ${acknowledged} messages acknowledged before, ${fleet.acknowledged} by now`,
      );
    };
    await cutOff('every line broken', async () => {
      fleet.cut();
      await eventually(() => (fleet.connected < scale.devices ? true : undefined), patienceMs);
    });
    await cutOff('server stopped', async () => {
      assert.equal(await home.stop(), 0);
      await home.restart();
    });
    await cutOff('server killed', async () => {
      await home.kill();
      await home.restart();
    });
    await fleet.leave();
    assert.equal(await home.stop(), 0);

    const stored = checkMessages(fleet, await readLog(home.data));
    checkPresence(home, fleet, await readLog(home.data, 'deviceConnectionStateEvents'));
    t.diagnostic(
      `${fleet.acknowledged} messages acknowledged, ${stored} stored, none lost; load average ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`,
    );
  });
});

/** Every device has had so many more messages acknowledged. */
async function allSent({ devices }: Fleet): Promise<void> {
  const from = devices.map(({ acknowledged }) => acknowledged);
  await eventually(
    () => (devices.every(({ acknowledged }, index) => acknowledged >= (from[index] ?? 0) + messagesPerPhase) ? true : undefined),
    patienceMs,
  );
}

function byDevice(events: readonly StoredEvent[]): Map<string, StoredEvent[]> {
  return Map.groupBy(events, ({ deviceId }) => deviceId);
}

/** Each number that was acknowledged is there, and first arrivals are in order. Says how many messages there are. */
function checkMessages({ devices }: Fleet, events: readonly StoredEvent[]): number {
  const messages = byDevice(events);
  let stored = 0;
  for (const { deviceId, acknowledged } of devices) {
    const own = messages.get(deviceId) ?? [];
    stored += own.length;
    let reached = 0;
    for (const { body } of own) {
      const { n } = JSON.parse(body.toString()) as { n: number };
      assert.ok(n <= reached + 1, `${deviceId}: ${n} came before ${reached + 1}`);
      reached = Math.max(reached, n);
    }
    assert.ok(reached >= acknowledged, `${deviceId}: ${acknowledged} were acknowledged, ${reached} are stored`);
  }
  return stored;
}

const causes = ['connection-lost', 'hub-stopped', 'hub-failed', 'disconnect'];

/** Events of connections alternate, their sequence grows, and the server's log names the causes, each where it belongs. */
function checkPresence(home: RunningHomeport, { devices }: Fleet, events: readonly StoredEvent[]): void {
  const changes = byDevice(events);
  const lines = home
    .log()
    .split('\n')
    .filter((line) => line.includes('"device.'))
    .map((line) => JSON.parse(line) as { event: string; deviceId: string; cause?: string });
  const logged = Map.groupBy(lines, ({ deviceId }) => deviceId);
  const expected = causes.flatMap(() => ['deviceConnected', 'deviceDisconnected']);
  for (const { deviceId } of devices) {
    const own = changes.get(deviceId) ?? [];
    assert.deepEqual(
      own.map(({ bag }) => /(?:^|&)opType=(\w+)/.exec(bag)?.[1]),
      expected,
      deviceId,
    );
    const sequence = own.map(({ body }) => (JSON.parse(body.toString()) as { sequenceNumber: string }).sequenceNumber);
    assert.deepEqual(sequence, [...new Set(sequence)].sort(), `${deviceId}: the sequence grows`);
    const told = (logged.get(deviceId) ?? []).filter(({ event }) => event === 'device.disconnected').map(({ cause }) => cause);
    assert.deepEqual(told, causes, deviceId);
  }
}
