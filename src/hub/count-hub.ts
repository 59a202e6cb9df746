import type { Cancel } from '#base/clock.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import type { Jobs } from './jobs/jobs.ts';
import type { Methods } from './methods/methods.ts';
import type { Presence } from './presence/presence.ts';

type CountedRooms = {
  readonly presence: Pick<Presence, 'connectedCount'>;
  readonly methods: Pick<Methods, 'waitingCount'>;
  readonly jobs: Pick<Jobs, 'runningCount'>;
};

/** What can be looked up at a hub when somebody asks; a hub that is gone must not be asked any more. */
export function countHub(platform: Platform, { presence, methods, jobs }: CountedRooms): Cancel {
  const metrics = metricsOf(platform);
  const gauges = [
    metrics.gauge('homeport_devices_connected', () => presence.connectedCount),
    metrics.gauge('homeport_methods_waiting', () => methods.waitingCount),
    metrics.gauge('homeport_jobs_running', () => jobs.runningCount),
  ];
  return () => {
    for (const cancel of gauges) cancel();
  };
}
