import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { homeportProgram } from '#cli/homeport/program.ts';
import { asCommandFailure, exitCodeOf, formatFailure } from '#cli/kit/failure.ts';
import { runProgram } from '#cli/kit/run-program.ts';
import type { CommandResult, RunningHomeport } from './start-homeport.ts';
import { testTerminal } from './test-terminal.ts';

/** Runs a line of `homeport` as its program does, but in this process: a process for each of many lines takes long. */
export async function typedHere(home: Pick<RunningHomeport, 'data' | 'folder'>, line: string | string[]): Promise<CommandResult> {
  const [command, ...words] = typeof line === 'string' ? line.split(' ') : ['homeport', ...line];
  if (command !== 'homeport') throw new Error(`${command} is not homeport`);
  const terminal = testTerminal({ environment: { HOMEPORT_DATA: home.data }, workingDirectory: home.folder });
  const end = (code: number) => {
    const text = (lines: string[]) => lines.map((each) => `${each}\n`).join('');
    return { code, stdout: text(terminal.output), stderr: text(terminal.errors) };
  };
  try {
    const platform = { clock: systemClock, random: systemRandom, log: silentLog };
    await runProgram(homeportProgram('0'), words, { terminal, platform });
    return end(0);
  } catch (error) {
    const failure = asCommandFailure(error);
    for (const each of formatFailure(failure, { isDebug: false })) terminal.complain(each);
    return end(exitCodeOf(failure));
  }
}
