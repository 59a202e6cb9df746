import { access, constants, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import { takeFileLock } from '#storage/file-lock.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { makeDirectory, replaceFile } from '../host/write-file.ts';

/** A service of this machine, and the setting `run.path`. */
export type ServicePlace = { readonly runDirectory: string; readonly service: string };

/**
 * Takes the lock that a service holds while it runs, one instance of it (thin-edge.md 4); undefined while another has it. The lock ends with the
 * process, however that ends. Throws Problem.
 */
export async function takeServiceLock({ runDirectory, service }: ServicePlace): Promise<(() => void) | undefined> {
  const path = join(runDirectory, 'lock', `${service}.lock`);
  await makeDirectory(dirname(path));
  try {
    return takeFileLock(path);
  } catch (error) {
    throw (await whyDenied(path)) ?? fileProblem(error, path);
  }
}

/** SQLite says only that it could not. */
async function whyDenied(path: string): Promise<Problem | undefined> {
  for (const [place, mode] of [
    [path, constants.R_OK | constants.W_OK],
    [dirname(path), constants.W_OK],
  ] as const) {
    const error: unknown = await access(place, mode).then(
      () => undefined,
      (why: unknown) => why,
    );
    if (fileErrorCode(error) === 'EACCES') return fileProblem(error, place);
  }
  return undefined;
}

/** Whether an instance of the service runs, whoever started it. */
export async function isServiceLocked(place: ServicePlace): Promise<boolean> {
  const release = await takeServiceLock(place);
  release?.();
  return release === undefined;
}

/** Says, for the supervisor, that the holder of the lock is in the background and ready. Only the holder calls it. */
export function writeServicePid(place: ServicePlace, pid: number, random: Random): Promise<void> {
  return replaceFile(pidPath(place), `${pid}\n`, { mode: 0o644, random });
}

/** What the last background instance left, or says no more. Only the holder of the lock calls it. */
export async function removeServicePid(place: ServicePlace): Promise<void> {
  await rm(pidPath(place), { force: true }).catch((error: unknown) => {
    throw fileProblem(error, pidPath(place));
  });
}

/** The process that holds the lock, if it is in the background and ready; without meaning while nobody holds it. */
export async function loadServicePid(place: ServicePlace): Promise<number | undefined> {
  const text = await readFile(pidPath(place), 'latin1').catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return '';
    throw fileProblem(error, pidPath(place));
  });
  return /^[1-9]\d{0,9}\n$/.test(text) ? Number(text) : undefined;
}

function pidPath({ runDirectory, service }: ServicePlace): string {
  return join(runDirectory, `${service}.pid`);
}
