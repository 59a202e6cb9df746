import type { Platform } from '#base/platform.ts';
import { asCommandFailure, exitCodeOf, exitCodes, formatFailure } from '#cli/kit/failure.ts';
import { runProgram } from '#cli/kit/run-program.ts';
import type { Terminal } from '#cli/kit/terminal.ts';
import { azsphere } from './azsphere.ts';
import { modernize } from './spellings.ts';
import { unsupportedCommand, unsupportedFailure } from './unsupported.ts';
import { formatElapsed } from './voice.ts';

/**
 * Runs one command line of any generation and returns its exit code. In classic mode warnings and
 * errors go to standard output, since the wrappers of that time read nothing else (sphere.md 4.5).
 */
export async function runAzsphere(words: readonly string[], world: { terminal: Terminal; platform: Platform }): Promise<number> {
  const { terminal, platform } = world;
  const startedMs = platform.clock.monotonic();
  const isClassic = terminal.environment.HOMEPORT_AZSPHERE_CLI === 'classic';
  const aside = (line: string) => (isClassic ? terminal.print(line) : terminal.complain(line));
  try {
    const modern = modernize(words);
    for (const warning of modern.warnings) aside(`warn: ${warning}`);
    const unsupported = unsupportedCommand(modern.words);
    if (unsupported) throw unsupportedFailure(`azsphere ${unsupported}`);
    await runProgram(azsphere, modern.words, world);
    return exitCodes.done;
  } catch (error) {
    const failure = asCommandFailure(error);
    for (const line of formatFailure(failure, { isDebug: words.includes('--debug') })) aside(line);
    if (isClassic) aside(`error: Command failed in ${formatElapsed(platform.clock.monotonic() - startedMs)}.`);
    return exitCodeOf(failure);
  }
}
