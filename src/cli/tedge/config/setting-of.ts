import { nearestName } from '#base/nearest-name.ts';
import { findSetting, type SettingName, settingNames } from '#edge/settings/setting-keys.ts';
import { CommandFailure } from '../../kit/failure.ts';

export const keyPositional = {
  name: 'KEY',
  isRequired: true,
  summary: 'The setting, in the spelling of any generation',
} as const;

/** Which spellings are one, for help. */
export const spellingNote =
  'az.root_cert_path and the older az.root.cert.path are one setting, as are device.key.path and mqtt.port.';

/** The setting that a word on the command line names; wrong use when there is none. */
export function settingOf(word = ''): SettingName {
  const name = findSetting(word);
  if (name !== undefined) return name;
  const nearest = nearestName(word, settingNames);
  throw new CommandFailure('usage', `There is no setting '${word}'.`, {
    fix: nearest ? `Did you mean ${nearest}?` : 'tedge config list --doc shows them all.',
  });
}
