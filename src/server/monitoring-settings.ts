import type { SettingFields } from '#base/settings.ts';

/** How an operator watches the server. */
export const monitoringFields = {
  'monitoring.port': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 65535,
    describe: '`/metrics` for Prometheus, and `/health`. 0: only on the administration socket.',
  },
  'monitoring.address': {
    kind: 'text',
    default: '127.0.0.1',
    describe:
      'Where that port listens. On loopback it is HTTP; elsewhere HTTPS under the server’s certificate, and whoever asks shows what `monitoring.token` in the data directory holds.',
  },
} as const satisfies SettingFields;
