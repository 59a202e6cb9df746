import type { CommandResult, RunningHomeport } from './start-homeport.ts';

/** Runs a command line exactly as it stands in a guide, and fails the test when the command does. */
export function typed(home: RunningHomeport, line: string): Promise<string> {
  const [command = '', ...words] = line.split(' ');
  return home.ok(command, words);
}

/** Runs a command line that is wrong in some way. */
export function mistyped(home: RunningHomeport, line: string): Promise<CommandResult> {
  const [command = '', ...words] = line.split(' ');
  return home.run(command, words);
}
