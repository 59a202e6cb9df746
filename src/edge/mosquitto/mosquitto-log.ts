import { open, stat } from 'node:fs/promises';

const tailBytesMax = 64 * 1024;

/** How long mosquitto's log is, to tell later what came behind that; 0 without one. */
export async function logSize(path: string | undefined): Promise<number> {
  if (path === undefined) return 0;
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The last lines of the log behind `from`, without their times; none of a log that is not there or not for us to read. */
export async function readLogLines(path: string | undefined, from: number): Promise<string[]> {
  if (path === undefined) return [];
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      // Shorter than it was: another file has taken its place.
      const start = Math.max(size < from ? 0 : from, size - tailBytesMax);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
      return buffer
        .subarray(0, bytesRead)
        .toString('utf8')
        .split('\n')
        .flatMap((line) => /^\d+: (.+)$/.exec(line)?.[1] ?? []);
    } finally {
      await file.close();
    }
  } catch {
    return [];
  }
}

/** Why mosquitto did not start. */
export function startComplaint(lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.startsWith('Error: '))?.slice('Error: '.length);
}

/**
 * Why the bridge does not reach the hub: the reason that TLS gave, else what became of the connection. It is tried again and again, and the
 * last attempt may have no end yet, so the last that has a reason counts.
 */
export function bridgeComplaint(lines: readonly string[]): string | undefined {
  const attempts: string[][] = [[]];
  for (const line of lines) {
    if (line.startsWith('Connecting bridge (step 1)')) attempts.push([]);
    attempts.at(-1)?.push(line);
  }
  const reasons = attempts.map(
    (said) =>
      said.find((line) => /^OpenSSL Error|^Error: .*(certificate|host name|CA )/i.test(line)) ??
      said.find((line) => /^Connection Refused|^Error/.test(line)),
  );
  return reasons.findLast((reason) => reason !== undefined);
}
