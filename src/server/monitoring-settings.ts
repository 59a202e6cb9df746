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
  'traces.endpoint': {
    kind: 'text',
    default: '',
    describe:
      'Where the spans of messages that are followed go, in OTLP over HTTP: `https://collector/v1/traces`. Empty: no message is followed. An address inside must be on `outgoing.allowed`.',
  },
  'traces.sampleOneIn': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1_000_000_000,
    describe: 'Of messages without a `traceparent` of their own, every so-many-th is followed. 0: none of them.',
  },
  'audit.retentionDays': {
    kind: 'number',
    default: 365,
    min: 1,
    max: 36_500,
    describe: 'Age above which entries of the audit log go.',
  },
  'audit.entriesMax': {
    kind: 'number',
    default: 1_000_000,
    min: 1_000,
    max: 100_000_000,
    describe: 'Entries of the audit log above which the oldest go.',
  },
} as const satisfies SettingFields;
