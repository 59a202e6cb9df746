import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pause } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { startDetached } from '../host/start-detached.ts';
import { makeDirectory } from '../host/write-file.ts';
import { isServiceLocked, loadServicePid, type ServicePlace } from './service-lock.ts';
import { readLogTail, serviceLogPath } from './service-log.ts';
import type { ServiceManager } from './service-manager.ts';

export type SupervisorOptions = {
  /** The program and its words that run a service in the background; undefined for a service that is none of ours. */
  readonly commandOf: (service: string) => readonly string[] | undefined;
  /** Settings `run.path` and `logs.path`. */
  readonly runDirectory: string;
  readonly logsDirectory: string;
};

/** Long, since a small machine that was just started is busy. */
const startMsMax = 120_000;
/** What an orderly stop may take; then it is killed. */
const stopMsMax = 20_000;
const killMsMax = 5_000;
const lookMs = 50;

/**
 * Where no service manager runs: services are processes in the background, found again by the lock they hold. Nothing starts one again after
 * it crashed or the machine was started.
 */
export function openSupervisor(platform: Platform, options: SupervisorOptions): ServiceManager {
  const { commandOf, runDirectory, logsDirectory } = options;
  const placeOf = (service: string): ServicePlace => ({ runDirectory, service });
  const supervisor: ServiceManager = {
    name: 'the built-in supervisor',
    startsOnBoot: false,
    knows: async (service) => commandOf(service) !== undefined,
    isActive: (service) => isServiceLocked(placeOf(service)),
    async start(service) {
      if (await supervisor.isActive(service)) return;
      const command = commandOf(service);
      if (!command) throw new Problem('not-found', `There is no service ${service}.`);
      await startService(platform, { command, place: placeOf(service), logPath: serviceLogPath(logsDirectory, service) });
    },
    async restart(service) {
      await supervisor.stop(service);
      await supervisor.start(service);
    },
    stop: (service) => stopService(platform, placeOf(service)),
    enable: async () => {
      throw new Problem('not-supported', 'The built-in supervisor starts nothing with the machine.');
    },
    disable: async () => {},
  };
  return supervisor;
}

async function startService(
  { clock }: Platform,
  { command, place, logPath }: { command: readonly string[]; place: ServicePlace; logPath: string },
): Promise<void> {
  await makeDirectory(dirname(logPath));
  const before = await stat(logPath).then(
    ({ size }) => size,
    () => 0,
  );
  const child = await startDetached(command, logPath);
  let hasEnded = false;
  void child.ended.then(() => {
    hasEnded = true;
  });
  const end = clock.monotonic() + startMsMax;
  try {
    while ((await loadServicePid(place)) !== child.pid) {
      if (hasEnded)
        throw new Problem(
          'unavailable',
          `${place.service} did not start.\n${whyOf(await readLogTail(logPath, before), logPath)}`,
        );
      if (clock.monotonic() > end) {
        process.kill(child.pid, 'SIGKILL');
        throw new Problem('unavailable', `${place.service} was not ready in ${startMsMax / 1000} s; its log is ${logPath}.`);
      }
      await pause(clock, lookMs);
    }
  } finally {
    child.release();
  }
}

async function stopService({ clock }: Platform, place: ServicePlace): Promise<void> {
  if (!(await isServiceLocked(place))) return;
  const pid = await loadServicePid(place);
  if (pid === undefined) {
    throw new Problem(
      'conflict',
      `${place.service} runs in the foreground, so it is not stopped from here. End it where it runs.`,
    );
  }
  for (const [signal, msMax] of [
    ['SIGTERM', stopMsMax],
    ['SIGKILL', killMsMax],
  ] as const) {
    kill(pid, signal);
    const end = clock.monotonic() + msMax;
    while (clock.monotonic() < end) {
      if (!(await isServiceLocked(place))) return;
      await pause(clock, lookMs);
    }
  }
  throw new Problem('unavailable', `${place.service}, process ${pid}, does not end.`);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const isGone = error instanceof Error && 'code' in error && error.code === 'ESRCH';
    if (!isGone) throw new Problem('forbidden', `Process ${pid} belongs to somebody else.`, { cause: error });
  }
}

/** What a service wrote last, without the words around its reason. */
function whyOf(said: string, logPath: string): string {
  const [, reason] = /^Caused by:\n((?: {4}.*\n?)+)/m.exec(said) ?? [];
  if (reason !== undefined) return reason.replace(/^ {4}/gm, '').trim();
  return said.trim().slice(-1_000) || `Its log, ${logPath}, says nothing.`;
}
