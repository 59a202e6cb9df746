import type { LogLevel } from '#base/log.ts';
import type { Cloud } from '#edge/certificate/certificate-paths.ts';
import { SettingsFile } from '#edge/settings/settings-file.ts';
import { resolveConfigDirectory, TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Invocation, OptionSpec, PositionalSpec } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import { attempt } from './tedge-failure.ts';
import { unsupportedFailure } from './unsupported.ts';

/** The original's levels, and ours. */
const logLevels: Readonly<Record<string, LogLevel>> = {
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
};

/** Accepted at any position by every command. */
export const commonOptions: readonly OptionSpec[] = [
  { name: 'config-dir', value: 'DIRECTORY', summary: 'The configuration; without it TEDGE_CONFIG_DIR, else /etc/tedge' },
  { name: 'log-level', value: 'LEVEL', summary: 'error, warn, info, debug or trace: how much commands that run on tell' },
];

export const profileOption: OptionSpec = { name: 'profile', value: 'NAME', summary: 'Not supported: one cloud of a kind' };

export const cloudPositional: PositionalSpec = { name: 'CLOUD', isRequired: false, summary: 'az' };

/** The cloud that a command's last word names. */
export function cloudOf(word: string | undefined): Cloud | undefined {
  if (word === undefined || word === 'az') return word;
  if (word === 'c8y' || word === 'aws') throw unsupportedFailure(`The cloud ${word}`);
  throw new CommandFailure('usage', `'${word}' is no cloud.`, { why: 'az is known.' });
}

/** How much a command that runs on tells. */
export function logLevelOf({ options }: Pick<Invocation, 'options'>): LogLevel {
  const text = options.text('log-level') ?? 'info';
  const level = Object.hasOwn(logLevels, text) ? logLevels[text] : undefined;
  if (level !== undefined) return level;
  throw new CommandFailure('usage', `--log-level got '${text}'.`, { why: `It takes ${Object.keys(logLevels).join(', ')}.` });
}

/** The settings file of the directory that an invocation is about; refuses what this build has no notion of. */
export async function openSettingsFile({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>): Promise<SettingsFile> {
  logLevelOf({ options });
  if (options.isSet('profile') || terminal.environment.TEDGE_CLOUD_PROFILE) throw unsupportedFailure('More than one profile');
  return attempt('read the settings', () => SettingsFile.load(directoryOf({ options, terminal })));
}

/** All settings. What is unknown among them is said on standard error, and harms nothing. */
export async function openSettings(invocation: Pick<Invocation, 'options' | 'terminal'>): Promise<TedgeSettings> {
  const file = await openSettingsFile(invocation);
  const settings = new TedgeSettings(directoryOf(invocation), file, invocation.terminal.environment);
  for (const unknown of settings.unknown) invocation.terminal.complain(`warning: ${unknown} is no setting and is ignored.`);
  return settings;
}

function directoryOf({ options, terminal }: Pick<Invocation, 'options' | 'terminal'>): string {
  const { environment, workingDirectory } = terminal;
  return resolveConfigDirectory({ explicit: options.text('config-dir'), environment, workingDirectory });
}
