import type { Command, Invocation, OptionSpec } from '#cli/kit/command.ts';
import { parseGeneration, resolveOutput } from './output-option.ts';
import { unsupportedFailure } from './unsupported.ts';
import { Voice } from './voice.ts';

/** Accepted by every command. */
export const commonOptions: readonly OptionSpec[] = [
  { name: 'output', short: 'o', value: 'FORMAT', summary: 'table, json, jsonc, yaml, yamlc, tsv or none' },
  { name: 'query', value: 'JMESPATH', summary: 'Not supported by this build' },
  { name: 'verbose', summary: 'Say what is asked of whom' },
];

export const tenantOption: OptionSpec = {
  name: 'tenant',
  short: 't',
  value: 'ID|NAME',
  summary: 'Use this tenant instead of the selected one',
};

export type AzsphereInvocation = Invocation & {
  readonly voice: Voice;
  /** What `--destination`, or `--output` read as a file, names. */
  readonly outputPath: string | undefined;
};

/** A command of `azsphere`: the common options are read here, and the closing line is printed. */
export function azsphereCommand(
  command: Omit<Command, 'run'> & {
    /** Whether it writes the file that `--destination` names. */
    writesFile?: boolean;
    run(invocation: AzsphereInvocation): Promise<void>;
  },
): Command {
  return {
    options: command.options,
    positionals: command.positionals ?? [],
    examples: command.examples,
    notes: command.notes ?? [],
    async run(invocation) {
      const { options, terminal, platform } = invocation;
      const generation = parseGeneration(terminal.environment.HOMEPORT_AZSPHERE_CLI);
      const output = resolveOutput({
        output: options.text('output'),
        destination: command.writesFile ? options.text('destination') : undefined,
        writesFile: command.writesFile === true,
        generation,
      });
      const voice = new Voice({ terminal, platform, generation, format: output.format, isVerbose: options.isSet('verbose') });
      for (const warning of output.warnings) voice.warn(warning);
      if (options.isSet('query')) throw unsupportedFailure('--query');
      await command.run({ ...invocation, voice, outputPath: output.path });
      voice.finish();
    },
  };
}
