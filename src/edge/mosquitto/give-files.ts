import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { runTool } from '../host/run-tool.ts';

/** Gives files to a user of this machine, whose key nobody else may read. Throws Problem with what the system said. */
export async function giveFiles(clock: Clock, user: string, paths: readonly string[]): Promise<void> {
  // The program knows users that stand in no file, and the user's own group.
  const { code, said } = await runTool(clock, ['chown', '--', `${user}:`, ...paths]);
  if (code !== 0) throw new Problem('unavailable', `${paths.join(' and ')} could not be given to the user ${user}:\n${said}`);
}
