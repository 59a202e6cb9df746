import type { Health } from '#base/health.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import type { Route } from '#wire/http/route.ts';
import { prometheusText, prometheusType } from './prometheus-text.ts';

export type Watched = {
  readonly platform: Pick<Platform, 'metrics'>;
  readonly health: Pick<Health, 'report'>;
  /** Before numbers are read. */
  refresh(): Promise<void>;
};

/** What an operator's tools ask for, on the administration socket and on the port for them. */
export function monitoringRoutes<Caller, Permission extends string>(watched: Watched): Route<Caller, Permission>[] {
  const { health } = watched;
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
    {
      method: 'GET',
      path: '/health',
      permission: 'none',
      summary: 'Whether all is well, and if not, why and what mends it',
      handle: async () => ({ json: await health.report() }),
    },
    {
      method: 'GET',
      path: '/health/live',
      permission: 'none',
      summary: 'Answers while the process does',
      handle: async () => ({ json: { state: 'ok' } }),
    },
    {
      method: 'GET',
      path: '/health/ready',
      permission: 'none',
      summary: '503 while something that clients ask for is refused',
      async handle() {
        const { state } = await health.report();
        return { status: state === 'failed' ? 503 : 200, json: { state } };
      },
    },
  ];
}
