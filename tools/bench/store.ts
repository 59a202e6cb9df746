/** What it costs that messages are durable, and what Central makes of them. */
import { openCentralClient } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { type DeviceCertificate, deviceIdOf, startContender } from './contenders.ts';
import { buildNoSync, startLoad, targetParameters } from './generator.ts';
import { type BenchOptions, measure, messageShapes, warmUp } from './messages.ts';
import { chooseCores, pin, quiet, readCpu } from './processes.ts';
import { median, type Row } from './row.ts';

const costMax = 1.4;

/** The same server twice, one with a library preloaded in which fsync and fdatasync return at once. */
export async function durableRow(device: DeviceCertificate, options: BenchOptions): Promise<Row> {
  const { rounds, seconds } = options;
  const shape = messageShapes.find(({ name }) => name === 'W10');
  if (!shape) throw new Error('There is no shape W10.');
  const parameters = [...shape.parameters, '--seconds', String(seconds)];
  const synced = await startContender(device, { devices: 100 });
  try {
    const unsynced = await startContender(device, { devices: 100, environment: { LD_PRELOAD: buildNoSync() } });
    try {
      const cores = chooseCores();
      for (const { pid } of [synced, unsynced]) if (cores) pin(pid, cores.server);
      const each = async (contender: typeof synced) => {
        const { cpu, figures } = await measure(contender, parameters);
        return (1e6 * (cpu.seconds - cpu.workerSeconds)) / figures.acknowledged;
      };
      for (const contender of [synced, unsynced]) await warmUp(contender, shape.parameters, options);
      const [own, other]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        own.push(await each(synced));
        other.push(await each(unsynced));
      }
      const cost = median(own) / median(other);
      return {
        shape: 'durable',
        what: 'W10, synced against a server whose fsync and fdatasync return at once',
        unit: 'µs a message',
        homeport: median(own),
        peer: 'not synced',
        peerFigure: median(other),
        ratio: 1 / cost,
        bar: `at most ${costMax} times as much`,
        isMet: cost <= costMax,
        note: `${cost.toFixed(2)} times as much; both write to the same file system`,
        rounds: { synced: own, unsynced: other },
      };
    } finally {
      await unsynced.close();
    }
  } finally {
    await synced.close();
  }
}

const charted = { devices: 100, pointsPerMessage: 2, model: 'dtmi:homeport:demo:environment;1' };
const pointsMin = 150_000;

/** Devices with a template: each message is two points in the charts. */
export async function centralRow(device: DeviceCertificate, { rounds, seconds }: BenchOptions): Promise<Row> {
  const contender = await startContender(device, { devices: charted.devices });
  try {
    const central = await openCentralClient(contender.home);
    const path = (number: number) => `/api/devices/${deviceIdOf(number)}`;
    for (let number = 0; number < charted.devices; number++) {
      await central.ok('PUT', path(number), { displayName: deviceIdOf(number) });
    }
    const run = (parameters: readonly string[]) =>
      startLoad({
        parameters: [
          ...parameters,
          '--model',
          charted.model,
          '--connections',
          String(charted.devices),
          ...targetParameters(contender.target),
        ],
        core: chooseCores()?.load,
      }).done;
    // The first connection announces the model, and Central gives the device its template.
    await run(['load', '--seconds', '0.1', '--warm-up', '0.1']);
    for (let number = 0; number < charted.devices; number++) {
      await eventually(async () => (await central.ok('GET', path(number))).template);
    }
    const perSecond: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await quiet(contender.pid);
      const before = readCpu(contender.pid).workerSeconds;
      const { acknowledgedInAll } = await run(['load', '--window', '10', '--warm-up', '0', '--seconds', String(seconds)]);
      await quiet(contender.pid);
      const points = acknowledgedInAll * charted.pointsPerMessage;
      perSecond.push(points / (readCpu(contender.pid).workerSeconds - before));
    }
    return {
      shape: 'central',
      what: 'ingest by Central, two points a message',
      unit: 'points per second of its thread',
      homeport: median(perSecond),
      peer: '',
      bar: `≥ ${pointsMin.toLocaleString('en')}`,
      isMet: median(perSecond) >= pointsMin,
      note: 'without what the main thread spends on reading the log for it',
      rounds: { pointsPerSecond: perSecond },
    };
  } finally {
    await contender.close();
  }
}
