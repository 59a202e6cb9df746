import { hourMs } from '#base/instant.ts';
import type { SettingFields, SettingValues } from '#base/settings.ts';
import { listenerLimits } from '#listeners/limits.ts';

const gibibyte = 1024 ** 3;

/** Every setting of the server. The reference page and `homeport config show` are made from this table. */
export const serverSettings = {
  'listeners.address': {
    kind: 'text',
    default: '127.0.0.1',
    describe: 'Address to listen on. Beyond loopback, host names must be given too.',
  },
  'listeners.hostNames': {
    kind: 'list',
    default: [],
    describe: 'Names that clients use for this server; the first is the hub’s. `localhost` is always known.',
  },
  'listeners.mqttPort': {
    kind: 'number',
    default: 8883,
    min: 0,
    max: 65535,
    describe: 'MQTT over TLS, for hub and provisioning.',
  },
  'listeners.httpsPort': { kind: 'number', default: 443, min: 0, max: 65535, describe: 'HTTPS for devices and services.' },
  'listeners.httpsFallbackPort': {
    kind: 'number',
    default: 8444,
    min: 0,
    max: 65535,
    describe: 'Taken instead where httpsPort may not be bound.',
  },
  'listeners.peoplePort': {
    kind: 'number',
    default: 8443,
    min: 0,
    max: 65535,
    describe: 'The web app and Central’s API, for browsers.',
  },
  'listeners.connectionsMax': {
    kind: 'number',
    default: listenerLimits.connectionsMax,
    min: 1,
    max: 10_000_000,
    describe: 'Open connections per port.',
  },
  'listeners.connectionsPerAddressMax': {
    kind: 'number',
    default: listenerLimits.connectionsPerAddressMax,
    min: 1,
    max: 10_000_000,
    describe: 'Open connections per port from one address (an IPv6 /64 counts as one).',
  },
  'listeners.handshakesMax': {
    kind: 'number',
    default: listenerLimits.handshakesMax,
    min: 1,
    max: 1_000_000,
    describe: 'TLS handshakes under way per port. Above it the one that has waited longest is cut off.',
  },
  'listeners.handshakeMsMax': {
    kind: 'number',
    default: listenerLimits.handshakeMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'From a TCP connection to the end of its TLS handshake.',
  },
  'listeners.connectMsMax': {
    kind: 'number',
    default: listenerLimits.connectMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'From the end of the handshake to a complete MQTT CONNECT.',
  },
  'listeners.connectBytesMax': {
    kind: 'number',
    default: listenerLimits.connectBytesMax,
    min: 1_024,
    max: 1024 ** 2,
    describe: 'Largest MQTT CONNECT.',
  },
  'listeners.beforeSignInBytesMax': {
    kind: 'number',
    default: listenerLimits.beforeSignInBytesMax,
    min: 64 * 1024,
    max: 16 * 1024 ** 2,
    describe: 'What a device may send behind its CONNECT before it is let in.',
  },
  'listeners.httpHeaderBytesMax': {
    kind: 'number',
    default: listenerLimits.httpHeaderBytesMax,
    min: 4 * 1024,
    max: 1024 ** 2,
    describe: 'Request line and headers of one HTTP request.',
  },
  'listeners.httpHeadersMsMax': {
    kind: 'number',
    default: listenerLimits.httpHeadersMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'For the headers of a request; on a new connection from its handshake on.',
  },
  'listeners.httpRequestMsMax': {
    kind: 'number',
    default: listenerLimits.httpRequestMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'For a whole request, its body included.',
  },
  'listeners.httpAnswerMsMax': {
    kind: 'number',
    default: listenerLimits.httpAnswerMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'How long an answer may wait for a peer that does not read it.',
  },
  'listeners.httpIdleMsMax': {
    kind: 'number',
    default: listenerLimits.httpIdleMsMax,
    min: 1_000,
    max: hourMs,
    describe: 'How long a connection is kept for another request.',
  },
  'listeners.webSocketMessageBytesMax': {
    kind: 'number',
    default: listenerLimits.webSocketMessageBytesMax,
    min: 1_024,
    max: 64 * 1024 ** 2,
    describe: 'Largest WebSocket message, its fragments joined.',
  },
  'listeners.webSocketFragmentsMax': {
    kind: 'number',
    default: listenerLimits.webSocketFragmentsMax,
    min: 1,
    max: 1_000_000,
    describe: 'Fragments of one WebSocket message.',
  },
  'database.url': { kind: 'text', default: '', describe: '`postgres://…`; empty: SQLite in the data directory.' },
  'events.partitions': {
    kind: 'number',
    default: 4,
    min: 1,
    max: 32,
    describe: 'Partitions of the hub’s event log. A change moves devices to other partitions from then on.',
  },
  'events.retentionBytes': {
    kind: 'number',
    default: 8 * gibibyte,
    min: 1024 ** 2,
    max: 2 ** 50,
    describe: 'Event log size above which the oldest segments go.',
  },
  'events.retentionDays': { kind: 'number', default: 7, min: 1, max: 3650, describe: 'Event log age above which segments go.' },
  'events.lingerMs': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1000,
    describe: 'How long a batch waits for company before it is written. 0: batches form behind the sync in flight.',
  },
  'provisioning.daaIdentityMode': {
    kind: 'text',
    default: 'selfSigned',
    choices: ['selfSigned', 'caSigned'],
    describe: 'Whether the hub holds the daily certificate’s thumbprint, as the cloud does, or trusts its CA.',
  },
  'log.level': {
    kind: 'text',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    describe: 'What the log on standard error says.',
  },
  'demo.enabled': { kind: 'flag', default: false, describe: 'Run a simulated device that charts temperature and humidity.' },
} as const satisfies SettingFields;

export type ServerSettings = SettingValues<typeof serverSettings>;
