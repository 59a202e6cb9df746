import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';

export const nameOption: OptionSpec = {
  name: 'name',
  short: 'n',
  value: 'NAME',
  isRequired: true,
  summary: 'The certificate’s name at the hub',
};
export const pathOption: OptionSpec = {
  name: 'path',
  short: 'p',
  value: 'FILE',
  isRequired: true,
  summary: 'A .cer, .pem or .crt file',
};

/** The request body for the file that `--path` names. The server judges what is in it; here only its size is looked at. */
export function fileBody({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>): { file: string } {
  const path = resolve(terminal.workingDirectory, options.required('path'));
  try {
    const bytes = readFileSync(path);
    if (bytes.length > 16 * 1024)
      throw new CommandFailure('failed', `${path} has more than 16 KiB.`, { why: 'A certificate is smaller.' });
    return { file: bytes.toString('base64') };
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure('failed', `${path} could not be read.`, {
      why: error instanceof Error ? error.message : String(error),
    });
  }
}
