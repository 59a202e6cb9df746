import { chmodSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Takes `path` for this process and returns what releases it, or undefined while another process has it.
 *
 * The lock is the kernel's, on an empty SQLite file: it ends with the process however that ends, so a
 * killed owner leaves nothing to clean up and two starters cannot both win. Node itself offers no flock.
 */
export function takeFileLock(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path);
  try {
    chmodSync(path, 0o600);
    // Several that start at once stand in each other's way for a moment; without waiting all of them could lose.
    database.exec(`PRAGMA busy_timeout=${contentionMsMax};`);
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE;');
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  return () => database.close();
}

/** How long a starter waits before it believes that the owner stays. */
const contentionMsMax = 500;

/** SQLITE_BUSY. */
const busyCode = 5;

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === busyCode;
}
