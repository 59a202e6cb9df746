import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import { MovableClock } from '#base/movable-clock.ts';
import { writePrivateFile } from '../key-file.ts';
import { StartRefused } from '../start-refused.ts';

/**
 * The clock of a data directory that was made for development, or undefined for any other. What makes it one
 * is a file that is written when the directory is new and never afterwards: where real devices have come in, nobody
 * moves the time at which their certificates end. The file holds how far the clock is ahead.
 *
 * Throws StartRefused when development is asked for and the directory holds a server already.
 */
export async function openDevelopmentClock(
  directory: string,
  real: Clock,
  options: { isAsked: boolean },
): Promise<MovableClock | undefined> {
  const path = join(directory, 'development.json');
  const keep = (clockAheadMs: number) =>
    writePrivateFile(path, `${JSON.stringify({ clockAheadMs: Math.round(clockAheadMs) })}\n`);
  const stored = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stored) return new MovableClock(real, { offsetMs: readAhead(stored, path), keep });
  if (!options.isAsked) return undefined;
  if (await isThere(join(directory, 'master.key'))) {
    throw new StartRefused(`${directory} was not made for development.`, {
      why: 'Its devices were let in by real time; whether its clock may be moved is decided when it is made.',
      fix: 'homeport start --development --data NEW-DIRECTORY',
    });
  }
  await keep(0);
  return new MovableClock(real, { offsetMs: 0, keep });
}

function readAhead(content: Buffer, path: string): number {
  try {
    const value = parseJson(content);
    if (isJsonObject(value) && typeof value.clockAheadMs === 'number' && Number.isFinite(value.clockAheadMs))
      return value.clockAheadMs;
  } catch {
    // Said below.
  }
  throw new StartRefused(`${path} does not say how far the clock is ahead.`, {
    why: 'Without it certificates of this directory could come to life again.',
    fix: 'Restore the file: {"clockAheadMs": N}, with the milliseconds that homeport clock printed.',
  });
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
