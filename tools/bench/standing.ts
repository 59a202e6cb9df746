/** What Homeport costs before anything is sent: memory of connections that only wait, and the time until it is ready. */
import { type Contender, type DeviceCertificate, registerDevices, startContender, startMosquitto } from './contenders.ts';
import { startLoad, targetParameters } from './generator.ts';
import { type BenchOptions, measure } from './messages.ts';
import { quiet, residentBytes } from './processes.ts';
import { median, type Row } from './row.ts';

const idleDevices = 4_500;
const idleKibibytesMax = 60;

/** Servers that have done nothing else yet: memory that an earlier load left free would be taken first. */
export async function idleRow(device: DeviceCertificate): Promise<Row> {
  const homeport = await startContender(device, { devices: idleDevices });
  try {
    const mosquitto = await startMosquitto(device, homeport);
    try {
      const own = await kibibytesPerDevice(homeport);
      const other = await kibibytesPerDevice(mosquitto);
      return {
        shape: 'idle',
        what: `memory of each of ${idleDevices.toLocaleString('en')} idle connections`,
        unit: 'KiB',
        homeport: own,
        peer: 'Mosquitto',
        peerFigure: other,
        ratio: other / own,
        bar: `≤ ${idleKibibytesMax} KiB`,
        isMet: own <= idleKibibytesMax,
        rounds: { homeport: [own], mosquitto: [other] },
      };
    } finally {
      await mosquitto.close();
    }
  } finally {
    await homeport.close();
  }
}

/** By the growth of the resident set, behind some sign-ins that put the code itself into memory. */
async function kibibytesPerDevice(contender: Contender): Promise<number> {
  await measure(contender, ['handshake', '--connections', '8', '--seconds', '2']);
  const before = residentBytes(contender.pid);
  const connected = Promise.withResolvers<void>();
  const load = startLoad({
    parameters: ['idle', '--connections', String(idleDevices), ...targetParameters(contender.target)],
    onEvent: () => connected.resolve(),
  });
  await Promise.race([connected.promise, load.done]);
  await quiet(contender.pid);
  const after = residentBytes(contender.pid);
  load.release();
  await load.done;
  return (after - before) / idleDevices / 1024;
}

const empty = { secondsMax: 2, devices: 0 };
const full = { secondsMax: 4, devices: 100_000 };

/** From the command to its first line, over an empty data directory that exists and over one with many devices. */
export async function startRow(name: 'start' | 'start-100k', device: DeviceCertificate, { rounds }: BenchOptions): Promise<Row> {
  const { secondsMax, devices } = name === 'start' ? empty : full;
  const contender = await startContender(device, { devices: 0 });
  try {
    const { home } = contender;
    await registerDevices(home, device.thumbprint, devices);
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await home.stop();
      const began = performance.now();
      await home.restart();
      seconds.push((performance.now() - began) / 1000);
    }
    return {
      shape: name,
      what: `ready after start, ${devices.toLocaleString('en')} devices`,
      unit: 's',
      homeport: median(seconds),
      peer: '',
      bar: `≤ ${secondsMax} s`,
      isMet: median(seconds) <= secondsMax,
      rounds: { seconds },
    };
  } finally {
    await contender.close();
  }
}
