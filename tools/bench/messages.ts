/** CPU per acknowledged message and per sign-in, Homeport and Mosquitto by turns. */
import type { Contender } from './contenders.ts';
import { type LoadFigures, startLoad, targetParameters } from './generator.ts';
import { type Cpu, chooseCores, quiet, readCpu } from './processes.ts';
import { comparedRow, median, type Row } from './row.ts';

export type BenchOptions = { readonly rounds: number; readonly seconds: number };

export type Measured = {
  readonly figures: LoadFigures;
  /** Seconds of the server in the measured time: all of it, and Central's thread alone. */
  readonly cpu: Cpu;
  /** Seconds that Central's thread went on working after the last message. */
  readonly behindSeconds: number;
};

/** One run of the generator, with the server's CPU over the measured time. */
export async function measure({ pid, target }: Contender, parameters: readonly string[]): Promise<Measured> {
  const at: Partial<Record<string, Cpu>> = {};
  const load = startLoad({
    parameters: [...parameters, ...targetParameters(target)],
    core: chooseCores()?.load,
    onEvent(event) {
      at[event] = readCpu(pid);
    },
  });
  const figures = await load.done;
  const ended = readCpu(pid);
  await quiet(pid);
  const { measuring, measured } = at;
  if (!measuring || !measured) throw new Error('The generator did not say when it measured.');
  return {
    figures,
    cpu: {
      seconds: measured.seconds - measuring.seconds,
      workerSeconds: measured.workerSeconds - measuring.workerSeconds,
    },
    behindSeconds: readCpu(pid).workerSeconds - ended.workerSeconds,
  };
}

/**
 * A run that is not counted, before the rounds of a shape: a server that compiles its code while it runs spends a
 * third of its first seconds on that, and none of its later ones.
 */
export async function warmUp(contender: Contender, parameters: readonly string[], { seconds }: BenchOptions): Promise<void> {
  await measure(contender, [...parameters, '--seconds', String(4 * seconds)]);
}

export type MessageShape = {
  readonly name: string;
  readonly what: string;
  readonly parameters: readonly string[];
  /** The first bar: how many times less CPU than Mosquitto. */
  readonly ratioMin: number;
};

export const messageShapes: readonly MessageShape[] = [
  {
    name: 'W1',
    what: '1,000 connections, 1 in flight',
    parameters: ['load', '--connections', '1000', '--window', '1'],
    ratioMin: 0.5,
  },
  {
    name: 'W10c',
    what: '100 connections, 10 in flight, a write each',
    parameters: ['load', '--connections', '100', '--window', '10', '--separate'],
    ratioMin: 1.2,
  },
  {
    name: 'W10',
    what: '100 connections, 10 in flight, refilled in one write',
    parameters: ['load', '--connections', '100', '--window', '10'],
    ratioMin: 2.5,
  },
  {
    name: 'W50',
    what: '100 connections, 50 in flight, refilled in one write',
    parameters: ['load', '--connections', '100', '--window', '50'],
    ratioMin: 4,
  },
];

const microseconds = 1e6;

/**
 * Homeport's figure is the whole server but Central's thread; what Central's thread takes, in the measured
 * time and afterwards, until it has charted what was sent, stands beside it.
 */
export async function messageRow(
  shape: MessageShape,
  [homeport, mosquitto]: readonly [Contender, Contender],
  options: BenchOptions,
): Promise<Row> {
  const { rounds, seconds } = options;
  await warmUp(homeport, shape.parameters, options);
  const parameters = [...shape.parameters, '--seconds', String(seconds)];
  const seen = { own: [], central: [], rate: [], generator: [], mosquitto: [], mosquittoRate: [] } as Record<Seen, number[]>;
  for (let round = 0; round < rounds; round++) {
    const { figures, cpu, behindSeconds } = await measure(homeport, parameters);
    const perMessage = microseconds / figures.acknowledged;
    seen.own.push(perMessage * (cpu.seconds - cpu.workerSeconds));
    seen.central.push(perMessage * cpu.workerSeconds + (microseconds * behindSeconds) / figures.acknowledgedInAll);
    seen.rate.push(figures.acknowledged / figures.seconds);
    seen.generator.push(perMessage * figures.ownCpuSeconds);
    const theirs = await measure(mosquitto, parameters);
    seen.mosquitto.push((microseconds * theirs.cpu.seconds) / theirs.figures.acknowledged);
    seen.mosquittoRate.push(theirs.figures.acknowledged / theirs.figures.seconds);
  }
  const { own, mosquitto: peerFigures, ...rest } = seen;
  const of = (name: Seen) => median(seen[name]);
  return comparedRow({
    shape: shape.name,
    what: shape.what,
    unit: 'µs a message',
    homeport: own,
    peer: 'Mosquitto',
    peerFigures,
    ratioMin: shape.ratioMin,
    note: [
      `Central behind it takes ${of('central').toFixed(1)} µs more`,
      `${thousands(of('rate'))} messages a second against ${thousands(of('mosquittoRate'))}`,
      `the load took ${of('generator').toFixed(1)} µs`,
    ].join('; '),
    rounds: rest,
  });
}

type Seen = 'own' | 'central' | 'rate' | 'generator' | 'mosquitto' | 'mosquittoRate';

function thousands(value: number): string {
  return `${(value / 1000).toFixed(1)} k`;
}

/** Full handshakes with everything that decides who comes in: TLS 1.3, both certificates, CONNECT, CONNACK. */
export async function handshakeRow([homeport, mosquitto]: readonly [Contender, Contender], options: BenchOptions): Promise<Row> {
  const { rounds, seconds } = options;
  const signIns = ['handshake', '--connections', '8'];
  await warmUp(homeport, signIns, options);
  const parameters = [...signIns, '--seconds', String(seconds)];
  const [own, peerFigures, central]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    const ours = await measure(homeport, parameters);
    own.push((microseconds * (ours.cpu.seconds - ours.cpu.workerSeconds)) / ours.figures.handshakes);
    central.push((microseconds * (ours.cpu.workerSeconds + ours.behindSeconds)) / ours.figures.handshakes);
    const theirs = await measure(mosquitto, parameters);
    peerFigures.push((microseconds * theirs.cpu.seconds) / theirs.figures.handshakes);
  }
  return comparedRow({
    shape: 'handshake',
    what: 'full TLS 1.3 handshakes with sign-in, 8 at a time',
    unit: 'µs each',
    homeport: own,
    peer: 'Mosquitto',
    peerFigures,
    ratioMin: 1,
    note: `Central behind it takes ${median(central).toFixed(0)} µs more; connecting and leaving are events in the log, synced`,
    rounds: { central },
  });
}
