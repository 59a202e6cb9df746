import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import type { Route } from '#wire/http/route.ts';
import { prometheusText, prometheusType } from './prometheus-text.ts';

export type Watched = {
  readonly platform: Pick<Platform, 'metrics'>;
  /** Before numbers are read. */
  refresh(): Promise<void>;
};

/** What an operator's tools ask for, on the administration socket and on the port for them. */
export function monitoringRoutes<Caller, Permission extends string>(watched: Watched): Route<Caller, Permission>[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      permission: 'none',
      summary: 'Numbers, as Prometheus reads them',
      async handle() {
        await watched.refresh();
        return { bytes: { type: prometheusType, data: Buffer.from(prometheusText(metricsOf(watched.platform).families())) } };
      },
    },
  ];
}
