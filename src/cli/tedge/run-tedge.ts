import type { Platform } from '#base/platform.ts';
import { asCommandFailure, type CommandFailure, exitCodeOf, exitCodes, formatFailure } from '../kit/failure.ts';
import { formatProgramHelp } from '../kit/help.ts';
import { runProgram } from '../kit/run-program.ts';
import type { Terminal } from '../kit/terminal.ts';
import { placeCommonOptions } from './place-common-options.ts';
import { tedge } from './tedge.ts';
import { AnswerNo, PlainFailure } from './tedge-failure.ts';
import { unsupportedCommand, unsupportedFailure } from './unsupported.ts';

/** Runs one command line of any generation of `tedge` and returns its exit code. */
export async function runTedge(words: readonly string[], world: { terminal: Terminal; platform: Platform }): Promise<number> {
  const { terminal } = world;
  try {
    if (words.length === 0) {
      terminal.complain(formatProgramHelp(tedge, []));
      return exitCodes.usage;
    }
    const placed = placeCommonOptions(words);
    const unsupported = unsupportedCommand(placed);
    if (unsupported) throw unsupportedFailure(`tedge ${unsupported}`);
    await runProgram(tedge, placed, world);
    return exitCodes.done;
  } catch (error) {
    const failure = asCommandFailure(error);
    for (const line of formatTedgeFailure(failure, words.includes('--debug'))) terminal.complain(line);
    return exitCodeOf(failure);
  }
}

/**
 * Wrong use in our own words; a failure as the original prints one: what failed, an empty line, and the
 * cause indented (thin-edge.md 2).
 */
function formatTedgeFailure(failure: CommandFailure, isDebug: boolean): string[] {
  if (failure instanceof AnswerNo) return [];
  if (failure.exit === 'usage') return formatFailure(failure, { isDebug });
  const stack = isDebug ? formatFailure(failure, { isDebug }).slice(-1) : [];
  const fix = failure.fix === undefined ? [] : [failure.fix];
  if (failure instanceof PlainFailure) return [failure.message, ...fix, ...stack];
  const causes = failure.why === undefined ? [] : ['', 'Caused by:', ...failure.why.split('\n').map((line) => `    ${line}`)];
  return [`Error: ${failure.message}`, ...causes, ...(fix.length > 0 && causes.length > 0 ? [''] : []), ...fix, ...stack];
}
