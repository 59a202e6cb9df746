import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileErrorCode } from '../host/file-problem.ts';
import { makeDirectory } from '../host/write-file.ts';

/** A log that is larger is put aside, in place of the one before: two of them are what a service takes of the disk. */
const logBytesMax = 4 * 1024 * 1024;
const tailBytes = 64 * 1024;

export function serviceLogPath(logsDirectory: string, service: string): string {
  return join(logsDirectory, `${service}.log`);
}

/** Appends to a log file of limited size. A line that the disk does not take is lost, and harms nothing. */
export async function openServiceLog(path: string, bytesMax = logBytesMax): Promise<{ write(line: string): void }> {
  await makeDirectory(dirname(path));
  let file = openSync(path, 'a', 0o644);
  let size = fstatSync(file).size;
  return {
    write(line) {
      try {
        if (size > bytesMax) {
          renameSync(path, `${path}.1`);
          closeSync(file);
          file = openSync(path, 'a', 0o644);
          size = 0;
        }
        size += writeSync(file, line);
      } catch {}
    },
  };
}

/** The end of a log, from `offset` on if that is not too long ago; empty without one. */
export async function readLogTail(path: string, offset = 0): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return '';
  try {
    const { size } = await file.stat();
    // A smaller one was begun anew.
    const from = Math.max(size < offset ? 0 : offset, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}
