import { Problem } from '#base/problem.ts';
import { type SettingName, settingKey } from '#edge/settings/setting-keys.ts';
import { parseSetting } from '#edge/settings/setting-value.ts';
import type { Invocation } from '../../kit/command.ts';
import { openSettings, openSettingsFile } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';
import { settingOf } from './setting-of.ts';

/**
 * Changes a setting that is a list, beginning with the value that holds: adding one topic to the default ones
 * keeps those. `change` gets and returns the items.
 */
export async function changeList(
  invocation: Invocation,
  what: 'add to' | 'remove from',
  change: (items: readonly string[], item: string) => readonly string[],
): Promise<void> {
  const [word, text = ''] = invocation.positionals;
  const name = settingOf(word);
  const settings = await openSettings(invocation);
  const file = await openSettingsFile(invocation);
  await attempt(`${what} '${name}'`, async () => {
    if (settingKey(name).kind !== 'list') {
      throw new Problem('argument-invalid', `'${name}' is no list.\nRun 'tedge config set ${name} VALUE' instead.`);
    }
    const present = settings.load(name);
    const items = change(Array.isArray(present) ? present : [], requireItem(name, text));
    file.set(name, items);
    await file.save(invocation.platform.random);
  });
}

/** One item: what `set` would read as several is not one. */
function requireItem(name: SettingName, text: string): string {
  const items = parseSetting(name, text);
  const [item] = Array.isArray(items) ? items : [];
  if (Array.isArray(items) && items.length === 1 && typeof item === 'string') return item;
  throw new Problem('argument-invalid', `'${name}' takes one text at a time, not '${text}'.`);
}
