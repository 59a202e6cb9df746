import { type ListenerLimits, listenerLimits } from '#listeners/limits.ts';
import type { ServerSettings } from './config.ts';

/** The limits of every port as the settings have them: `listeners.NAME` where there is one of that name. */
export function listenerLimitsOf(settings: ServerSettings): ListenerLimits {
  const limits = { ...listenerLimits };
  const given: Readonly<Record<string, unknown>> = settings;
  for (const name of Object.keys(limits) as (keyof ListenerLimits)[]) {
    const value = given[`listeners.${name}`];
    if (typeof value === 'number') limits[name] = value;
  }
  return limits;
}
