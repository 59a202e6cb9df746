import { systemClock } from '#base/clock.ts';
import { openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import type { Program } from './command.ts';
import { asCommandFailure, exitCodeOf, formatFailure } from './failure.ts';
import { runProgram } from './run-program.ts';
import { openTerminal } from './terminal.ts';

/**
 * Runs one of our own programs as this process: its words, its failure in three lines on standard
 * error, its exit code. The code is set rather than the process ended, so that output still in a
 * pipe arrives.
 */
export async function main(program: Program): Promise<void> {
  const terminal = openTerminal();
  const words = process.argv.slice(2);
  const platform = { clock: systemClock, random: systemRandom, log: openLog('warn') };
  try {
    await runProgram(program, words, { terminal, platform });
  } catch (error) {
    const failure = asCommandFailure(error);
    for (const line of formatFailure(failure, { isDebug: words.includes('--debug') })) terminal.complain(line);
    process.exitCode = exitCodeOf(failure);
  }
}
