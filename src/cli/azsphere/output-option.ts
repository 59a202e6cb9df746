import { CommandFailure } from '#cli/kit/failure.ts';
import { type DataFormat, dataFormats, isDataFormat } from '#cli/kit/render-data.ts';

/** How `HOMEPORT_AZSPHERE_CLI` asks us to read a command line: every spelling, or one generation's. */
export type Generation = 'auto' | 'classic' | 'v2';

export function parseGeneration(text: string | undefined): Generation {
  if (text === undefined || text === '' || text === 'auto') return 'auto';
  if (text === 'classic' || text === 'v2') return text;
  throw new CommandFailure('usage', `HOMEPORT_AZSPHERE_CLI is '${text}'.`, { why: 'It may be auto, classic or v2.' });
}

export type ResolvedOutput = {
  /** Only when a format was asked for. */
  readonly format?: DataFormat;
  readonly path?: string;
  readonly warnings: readonly string[];
};

/**
 * Decides what `--output` means (sphere.md 4.2). In the first generation it named a file, in the
 * second a format. Read both ways, a format's name is a format, and anything else is a file on the
 * commands that write one; a file that is really named `json` needs `./json` or `--destination`.
 */
export function resolveOutput(given: {
  output: string | undefined;
  destination: string | undefined;
  /** Whether the command writes a file. */
  writesFile: boolean;
  generation: Generation;
}): ResolvedOutput {
  const { output, destination, writesFile, generation } = given;
  const path = destination === undefined ? {} : { path: destination };
  if (output === undefined) return { ...path, warnings: [] };
  const readsAsFile = writesFile && generation !== 'v2' && (generation === 'classic' || !isDataFormat(output.toLowerCase()));
  if (readsAsFile) {
    if (destination !== undefined) {
      throw new CommandFailure('usage', 'Two files are named.', {
        why: `--destination says ${destination} and --output says ${output}.`,
      });
    }
    const warnings = generation === 'auto' ? ['--output was read as a file name. Use --destination for files.'] : [];
    return { path: output, warnings };
  }
  const format = output.toLowerCase();
  if (!isDataFormat(format)) {
    throw new CommandFailure('usage', `--output got '${output}'.`, { why: `It may be ${dataFormats.join(', ')}.` });
  }
  return { format, ...path, warnings: [] };
}
