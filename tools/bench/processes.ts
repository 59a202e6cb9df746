/** What the operating system says of a process. Linux. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What /proc counts in: USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

export type Cpu = {
  /** User and system seconds of all threads that are or were. */
  readonly seconds: number;
  /** Those of Central's thread, the only worker of the server. */
  readonly workerSeconds: number;
};

export function readCpu(pid: number): Cpu {
  const workers = readdirSync(`/proc/${pid}/task`).filter((id) => /^WorkerThread/.test(readText(`/proc/${pid}/task/${id}/comm`)));
  return {
    seconds: secondsOf(readText(`/proc/${pid}/stat`)),
    workerSeconds: workers.reduce((sum, id) => sum + secondsOf(readText(`/proc/${pid}/task/${id}/stat`)), 0),
  };
}

export function residentBytes(pid: number): number {
  const [, kibibytes] = readText(`/proc/${pid}/status`).match(/^VmRSS:\s+(\d+) kB$/m) ?? [];
  if (kibibytes === undefined) throw new Error(`Process ${pid} does not say how much memory it has.`);
  return Number(kibibytes) * 1024;
}

/** One core for the server and another for the load, where there are two. */
export function chooseCores(): { server: number; load: number } | undefined {
  const [, list = ''] = readText('/proc/self/status').match(/^Cpus_allowed_list:\s+(\S+)$/m) ?? [];
  const cores = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const [server, load] = cores;
  return server === undefined || load === undefined ? undefined : { server, load };
}

/** Keeps every thread of the process, and those to come, on one core. */
export function pin(pid: number, core: number): void {
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The server could not be kept on core ${core}. ${stderr}`);
}

/** Resolves when the process has stopped working: what it does behind its acknowledgements is done. */
export async function quiet(pid: number, secondsMax = 300): Promise<void> {
  const deadline = performance.now() + 1000 * secondsMax;
  for (let before = readCpu(pid).seconds; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const { seconds } = readCpu(pid);
    if (seconds - before < 0.03) return;
    if (performance.now() > deadline) throw new Error(`Process ${pid} still works ${secondsMax} s after the load.`);
    before = seconds;
  }
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** Fields 14 and 15; the name in field 2 may hold anything, so they are counted from its bracket. */
function secondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
