import { nearestName } from '#base/nearest-name.ts';
import type { Platform } from '#base/platform.ts';
import { type CommandEntry, type Program, universalOptions } from './command.ts';
import { CommandFailure } from './failure.ts';
import { formatCommandHelp, formatProgramHelp } from './help.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';

/**
 * Finds the command that `words` name, reads its options and runs it. Throws CommandFailure; the
 * caller shows it in its program's way (main.ts for our own, azsphere/main.ts for the compatible one).
 */
export async function runProgram(
  program: Program,
  words: readonly string[],
  world: { terminal: Terminal; platform: Platform },
): Promise<void> {
  const { terminal } = world;
  const found = findCommand(program, words);
  if (!found) {
    terminal.print(overview(program, words));
    return;
  }
  const command = await found.entry.load();
  const parsed = parseArguments(found.rest, {
    options: [...command.options, ...program.commonOptions, ...universalOptions],
    positionals: command.positionals ?? [],
    ignoresCase: program.ignoresCase,
  });
  if (parsed.options.isSet('help')) {
    terminal.print(formatCommandHelp(program, found.entry, command));
    return;
  }
  if (parsed.missing.length > 0) {
    throw new CommandFailure('usage', `${found.entry.path} needs ${parsed.missing.join(' and ')}.`, {
      fix: command.examples[0] ?? `${program.name} ${found.entry.path} --help`,
    });
  }
  await command.run({ options: parsed.options, positionals: parsed.positionals, ...world });
}

/** The command with the longest name that `words` begin with, and what follows its name. */
export function findCommand(
  program: Program,
  words: readonly string[],
): { entry: CommandEntry; rest: readonly string[] } | undefined {
  const verbs = leadingVerbs(words).map((word) => (program.ignoresCase ? word.toLowerCase() : word));
  for (let length = verbs.length; length > 0; length--) {
    const path = verbs.slice(0, length).join(' ');
    const entry = program.commands.find((candidate) => candidate.path === path);
    if (entry) return { entry, rest: words.slice(length) };
  }
  return undefined;
}

function leadingVerbs(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => word.startsWith('-'));
  return end < 0 ? words : words.slice(0, end);
}

/** No command was named, or only the beginning of several: help when asked for, a usage failure otherwise. */
function overview(program: Program, words: readonly string[]): string {
  const verbs = leadingVerbs(words).map((word) => (program.ignoresCase ? word.toLowerCase() : word));
  const options = words.slice(verbs.length);
  const isGroup = program.commands.some((entry) => verbs.length === 0 || entry.path.startsWith(`${verbs.join(' ')} `));
  const wantsHelp = options.some((word) => word === '--help' || word === '-h');
  if (verbs.length === 0 && options.includes('--version')) return program.version;
  if (isGroup && (wantsHelp || words.length === 0)) return formatProgramHelp(program, verbs);
  if (verbs.length === 1 && verbs[0] === 'help') return formatProgramHelp(program, []);
  if (isGroup) {
    throw new CommandFailure('usage', `'${[program.name, ...verbs].join(' ')}' needs a command.`, {
      fix: `${[program.name, ...verbs].join(' ')} --help`,
    });
  }
  const nearest = nearestName(
    verbs.join(' '),
    program.commands.map((entry) => entry.path),
  );
  throw new CommandFailure('usage', `There is no command '${verbs.join(' ')}'.`, {
    fix: nearest ? `Did you mean ${program.name} ${nearest}?` : `${program.name} --help`,
  });
}
