import { readFile } from 'node:fs/promises';
import { type ListenerLimits, listenerLimits } from '#listeners/limits.ts';
import type { ServerSettings } from './config.ts';
import { mqttLimitsOf } from './hub-limit-settings.ts';

/** Open files that are no connections at these ports: the log, the database, the administration socket, what they need for a moment. */
const otherFilesMax = 256;

/**
 * The limits of every port as the settings have them: `listeners.NAME` where there is one of that name. All ports
 * together get no more connections than the system allows the process files, less what it needs itself: else
 * strangers could take the last one, and the log could not begin its next segment.
 */
export function listenerLimitsOf(settings: ServerSettings, openFilesMax = Number.POSITIVE_INFINITY): ListenerLimits {
  const limits = { ...listenerLimits, ...mqttLimitsOf(settings) };
  const given: Readonly<Record<string, unknown>> = settings;
  for (const name of Object.keys(limits) as (keyof ListenerLimits)[]) {
    const value = given[`listeners.${name}`];
    if (typeof value === 'number') limits[name] = value;
  }
  // MQTT, AMQP, devices' HTTPS, people's HTTPS, files, and the broker's where there is one.
  const ports = 5 + Number(settings['broker.port'] !== 0) + Number(settings['broker.plainPort'] !== 0);
  const connectionsLeft = Math.max(1, Math.floor((openFilesMax - otherFilesMax) / ports));
  return { ...limits, connectionsMax: Math.min(limits.connectionsMax, connectionsLeft) };
}

/** How many files this process may have open. Where nobody says (not Linux), no number is taken for one. */
export async function readOpenFilesMax(file = '/proc/self/limits'): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(text) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
