import type { SettingName } from '../settings/setting-keys.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Each operation and the setting that turns it off. */
export const operationSettings = {
  restart: 'agent.enable.restart',
  log_upload: 'agent.enable.log_upload',
  config_snapshot: 'agent.enable.config_snapshot',
  config_update: 'agent.enable.config_update',
  software_list: 'agent.enable.software_list',
  software_update: 'agent.enable.software_update',
} as const satisfies Record<string, SettingName>;

/** Whether the agent does this operation; undefined for one that it does not know. */
export function isEnabled(settings: Pick<TedgeSettings, 'load'>, operation: string): boolean | undefined {
  const name = Object.entries(operationSettings).find(([known]) => known === operation)?.[1];
  return name && settings.load(name) === true;
}
