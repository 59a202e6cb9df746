import { assert } from '#base/assert.ts';
import { parseDuration } from '#edge/settings/duration.ts';
import type { SettingName } from '#edge/settings/setting-keys.ts';
import type { TedgeSettings } from '#edge/settings/tedge-settings.ts';

/** A setting of kind duration, in milliseconds. */
export function durationOf(settings: TedgeSettings, name: SettingName): number {
  const ms = parseDuration(settings.text(name));
  assert(ms !== undefined, `${name} is no duration`);
  return ms;
}
