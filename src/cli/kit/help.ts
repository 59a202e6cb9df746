import { type Command, type CommandEntry, type OptionSpec, type Program, universalOptions } from './command.ts';

/** Help for a program or for the commands that begin with `words`; fits a screen. */
export function formatProgramHelp(program: Program, words: readonly string[]): string {
  const prefix = words.length === 0 ? '' : `${words.join(' ')} `;
  const shown = program.commands.filter((entry) => entry.path.startsWith(prefix));
  const width = Math.max(...shown.map((entry) => entry.path.length));
  return [
    program.summary,
    '',
    `Usage: ${program.name} ${prefix}COMMAND [OPTIONS]`,
    '',
    ...shown.map((entry) => `  ${entry.path.padEnd(width)}  ${entry.summary}`),
    '',
    `${program.name} COMMAND --help shows a command's options and examples.`,
  ].join('\n');
}

/** Help for one command: a sentence, usage, examples, options. */
export function formatCommandHelp(program: Program, entry: CommandEntry, command: Command): string {
  const positionals = (command.positionals ?? []).map((spec) => (spec.isRequired ? spec.name : `[${spec.name}]`));
  const required = command.options.filter((spec) => spec.isRequired).map((spec) => `--${spec.name} ${spec.value ?? ''}`.trim());
  const options = [...command.options, ...program.commonOptions, ...universalOptions];
  const width = Math.max(...options.map((spec) => optionLabel(spec).length));
  return [
    `${entry.summary}.`,
    '',
    `Usage: ${[program.name, entry.path, ...positionals, ...required].join(' ')} [OPTIONS]`,
    '',
    ...command.examples.map((example) => `  ${example}`),
    ...(command.examples.length > 0 ? [''] : []),
    ...options.map((spec) => `  ${optionLabel(spec).padEnd(width)}  ${spec.summary}`),
    ...(command.notes ? ['', ...command.notes] : []),
  ].join('\n');
}

function optionLabel(spec: OptionSpec): string {
  return `${spec.short ? `-${spec.short}, ` : '    '}--${spec.name}${spec.value ? ` ${spec.value}` : ''}`;
}
