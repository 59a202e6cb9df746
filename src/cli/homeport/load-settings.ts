import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DataDirectory, resolveDataDirectory } from '#base/data-directory.ts';
import { type ResolvedSettings, resolveSettings, SettingsError } from '#base/settings.ts';
import { serverSettings } from '#server/config.ts';
import type { Invocation, OptionSpec } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';

export const configOption: OptionSpec = {
  name: 'config',
  value: 'FILE',
  summary: 'A TOML file of settings (default: homeport.toml in the data directory, if there is one)',
};

export type LoadedSettings = ResolvedSettings<typeof serverSettings> & { readonly data: DataDirectory };

/** Settings of this invocation from every source; a mistake in them is a usage failure that names it. */
export function loadSettings(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  flags: Readonly<Record<string, unknown>> = {},
): LoadedSettings {
  const data = resolveDataDirectory(terminal.environment, options.text('data'));
  const named = options.text('config');
  const path = named ?? join(data.directory, 'homeport.toml');
  try {
    const text = readFile(path, named !== undefined);
    const file = text === undefined ? {} : { file: { name: path, text } };
    return { data, ...resolveSettings(serverSettings, { ...file, environment: terminal.environment, flags }) };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new CommandFailure('usage', error.message, { fix: 'homeport config show' });
  }
}

function readFile(path: string, isNamed: boolean): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!isNamed && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SettingsError(`${path} could not be read.`);
  }
}
