import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const claimed: string[] = [];
process.once('exit', () => {
  for (const claim of claimed) rmdirSync(claim);
});

/** An address of this machine that no other test has: files run at the same time in one network namespace. */
export function ownAddress(): string {
  return firstUnclaimed(100 * 250, (number) => `127.100.${Math.floor(number / 250)}.${1 + (number % 250)}`);
}

/** The same for a port of 127.0.0.1, below those that the system gives to connections that go out. */
export function ownPort(): number {
  return Number(firstUnclaimed(14_000, (number) => String(18_000 + number)));
}

/** One process alone makes a directory. That of a process which was killed stays, and what it names is left out. */
function firstUnclaimed(count: number, nameOf: (number: number) => string): string {
  for (let number = 0; number < count; number++) {
    const name = nameOf(number);
    const claim = join(tmpdir(), `hp-has-${name}`);
    try {
      mkdirSync(claim);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') continue;
      throw error;
    }
    claimed.push(claim);
    return name;
  }
  throw new Error('Each of them is taken.');
}
