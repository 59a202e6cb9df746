import { readFile } from 'node:fs/promises';
import { type ListenerLimits, listenerLimits } from '#listeners/limits.ts';
import type { ServerSettings } from './config.ts';
import { mqttLimitsOf } from './hub-limit-settings.ts';

/** Open files that are no connections at these ports: the log, the database, the administration socket, what they need for a moment. */
const otherFilesMax = 256;

/** Browsers and uploads come and go, devices stay: a port for those gets a quarter of what one for devices gets. */
const visitorShare = 1 / 4;
/** People's HTTPS, and files. */
const visitorPorts = 2;

/**
 * The limits of a port for devices as the settings have them: `listeners.NAME` where there is one of that name. All ports
 * together get no more connections than the system allows the process files, less what it needs itself: else
 * strangers could take the last one, and the log could not begin its next segment.
 */
export function listenerLimitsOf(settings: ServerSettings, openFilesMax = Number.POSITIVE_INFINITY): ListenerLimits {
  return limitsWith(settings, shareOf(settings, openFilesMax));
}

/** The limits of a port at which people and uploads come. */
export function visitorLimitsOf(settings: ServerSettings, openFilesMax = Number.POSITIVE_INFINITY): ListenerLimits {
  return limitsWith(settings, shareOf(settings, openFilesMax) * visitorShare);
}

function shareOf(settings: ServerSettings, openFilesMax: number): number {
  // MQTT, AMQP, devices' HTTPS, and the broker's where there is one.
  const devicePorts = 3 + Number(settings['broker.port'] !== 0) + Number(settings['broker.plainPort'] !== 0);
  return (openFilesMax - otherFilesMax) / (devicePorts + visitorPorts * visitorShare);
}

function limitsWith(settings: ServerSettings, share: number): ListenerLimits {
  const limits = { ...listenerLimits, ...mqttLimitsOf(settings) };
  const given: Readonly<Record<string, unknown>> = settings;
  for (const name of Object.keys(limits) as (keyof ListenerLimits)[]) {
    const value = given[`listeners.${name}`];
    if (typeof value === 'number') limits[name] = value;
  }
  return { ...limits, connectionsMax: Math.min(limits.connectionsMax, Math.max(1, Math.floor(share))) };
}

/** How many files this process may have open. Where nobody says (not Linux), no number is taken for one. */
export async function readOpenFilesMax(file = '/proc/self/limits'): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)\s/m.exec(text) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}
