import { hourMs } from '#base/instant.ts';
import type { SettingFields, SettingValues } from '#base/settings.ts';
import { brokerLimits } from '#hub/broker/limits.ts';
import { listenerLimits } from '#listeners/limits.ts';
import { fileFields } from './file-settings.ts';
import { hubLimitFields } from './hub-limit-settings.ts';
import { monitoringFields } from './monitoring-settings.ts';
import { rateFields } from './quota-settings.ts';

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
    describe:
      'Names that clients use for this server; the first is the hub’s, and added hubs are called `{hub}.{first}`. `localhost` is always known.',
  },
  'listeners.mqttPort': {
    kind: 'number',
    default: 8883,
    min: 0,
    max: 65535,
    describe: 'MQTT over TLS, for hub and provisioning.',
  },
  'listeners.amqpPort': {
    kind: 'number',
    default: 5671,
    min: 0,
    max: 65535,
    describe: 'AMQP 1.0 over TLS, for hub and provisioning.',
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
    describe: 'Open connections per port. Fewer where the system allows the process fewer files.',
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
    describe: 'Size of a hub’s event log above which its oldest segments go; each hub has a log of its own.',
  },
  'events.retentionDays': {
    kind: 'number',
    default: 7,
    min: 1,
    max: 3650,
    describe: 'Age above which segments of an event log go.',
  },
  'events.lingerMs': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1000,
    describe: 'How long a batch waits for company before it is written. 0: batches form behind the sync in flight.',
  },
  'events.redirectHostName': {
    kind: 'text',
    default: '',
    describe:
      'Where back ends are sent that ask the hub for its Event-Hubs-compatible endpoint; `{hub}` stands for the first label of the hub’s host name. Empty: the hub’s own host name.',
  },
  'events.redirectPort': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 65_535,
    describe: 'The port they are sent to; 0: that of AMQP.',
  },
  'events.readersMax': {
    kind: 'number',
    default: 5,
    min: 1,
    max: 100,
    describe: 'Readers without an owner level that one partition may have at once in a consumer group.',
  },
  'hub.oversizePublish': {
    kind: 'text',
    default: 'close',
    choices: ['close', 'drop'],
    describe:
      'What an MQTT message over 256 KiB does: `close` ends the connection, as the cloud does; `drop` acknowledges it, drops it and keeps a refusal, so that a bridge gets past it.',
  },
  'hub.throttling': {
    kind: 'text',
    default: 'off',
    choices: ['off', 'S1', 'S2', 'S3'],
    describe:
      'What all devices and back ends of one hub may do together: as much as in the cloud’s tier of that name. `off`: only what `hub.rates` says.',
  },
  'hub.throttlingUnits': {
    kind: 'number',
    default: 1,
    min: 1,
    max: 10_000,
    describe: 'Units of that tier; the cloud sells 200 of S1 and S2, and 10 of S3.',
  },
  'hub.throttlingPatienceSeconds': {
    kind: 'number',
    default: 300,
    min: 1,
    max: 24 * 3600,
    describe:
      'How long a device may go on sending above its rate over MQTT, where it is only slowed down, before it is disconnected.',
  },
  ...rateFields(
    'rates',
    (what, inS1) => `${what}, of one hub; 0: as \`hub.throttling\` says. One unit of S1 has ${inS1} in the cloud.`,
  ),
  ...hubLimitFields,
  ...rateFields('deviceRates', (what) => `${what}, of each device or module; 0: no limit.`),
  'hub.faults': {
    kind: 'text',
    default: 'off',
    choices: ['off', 'rules', 'messages'],
    describe:
      'Whether connections may be broken on purpose: `rules` by `homeport faults`, `messages` also by what a device asks for in its messages, as the suites of the SDKs do. For tests alone.',
  },
  'cloudToDevice.timeToLiveMinutes': {
    kind: 'number',
    default: 60,
    min: 1,
    max: 2 * 24 * 60,
    describe: 'How long a message to a device waits when its sender does not say.',
  },
  'cloudToDevice.deliveryCountMax': {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100,
    describe: 'A message to a device that was abandoned more often than this is given up.',
  },
  'cloudToDevice.lockSeconds': {
    kind: 'number',
    default: 60,
    min: 5,
    max: 300,
    describe: 'How long a device may take to settle a message before it is delivered again.',
  },
  'cloudToDevice.feedbackTimeToLiveMinutes': {
    kind: 'number',
    default: 60,
    min: 1,
    max: 2 * 24 * 60,
    describe: 'How long feedback on messages to devices waits for a reader.',
  },
  'cloudToDevice.feedbackDeliveryCountMax': {
    kind: 'number',
    default: 10,
    min: 1,
    max: 100,
    describe: 'Feedback that readers gave back more often than this is dropped.',
  },
  'cloudToDevice.feedbackLockSeconds': {
    kind: 'number',
    default: 60,
    min: 5,
    max: 300,
    describe: 'How long a reader of feedback may take before another gets it.',
  },
  ...fileFields,
  'broker.port': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 65535,
    describe: 'A plain MQTT 3.1.1 broker over TLS for the devices of the first hub, which share its topics. 0: there is none.',
  },
  'broker.plainPort': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 65535,
    describe: 'The same broker without TLS, on loopback only and for shared access signatures. 0: there is none.',
  },
  'broker.subscriptionsMax': {
    kind: 'number',
    default: brokerLimits.subscriptionsMax,
    min: 1,
    max: 100_000,
    describe: 'Topic filters of one broker session; a further one is refused with 0x80.',
  },
  'broker.queueMessagesMax': {
    kind: 'number',
    default: brokerLimits.queueMessagesMax,
    min: 1,
    // Packet ids follow from their order, and there are 65,535 of those.
    max: 60_000,
    describe: 'Messages that wait for one client of the broker; above it the newest is left out, and the log says so.',
  },
  'broker.queueBytesMax': {
    kind: 'number',
    default: brokerLimits.queueBytesMax,
    min: 1024,
    max: 2 ** 40,
    describe: 'Bytes that wait for one client of the broker; likewise.',
  },
  'broker.queuedBytesMax': {
    kind: 'number',
    default: brokerLimits.queuedBytesMax,
    min: 1024,
    max: 2 ** 40,
    describe: 'Bytes that wait for all clients of the broker together; likewise.',
  },
  'broker.retainedMessagesMax': {
    kind: 'number',
    default: brokerLimits.retainedMessagesMax,
    min: 0,
    max: 1_000_000,
    describe:
      'Retained messages of the broker. Above it a new one with QoS 0 is passed on without being retained, and one with QoS 1 or 2 ends its connection.',
  },
  'broker.retainedBytesMax': {
    kind: 'number',
    default: brokerLimits.retainedBytesMax,
    min: 0,
    max: 2 ** 40,
    describe: 'Bytes of retained messages; likewise.',
  },
  'provisioning.daaIdentityMode': {
    kind: 'text',
    default: 'selfSigned',
    choices: ['selfSigned', 'caSigned'],
    describe: 'Whether the hub holds the daily certificate’s thumbprint, as the cloud does, or trusts its CA.',
  },
  'provisioning.holdDevices': {
    kind: 'flag',
    default: true,
    describe:
      'Keep a device out of its hub while the enrollment or group by which it registered is disabled or gone, or its CA is. Without it, as in the cloud, such a device stays connected and only cannot register again.',
  },
  'provisioning.registrationsPerMinute': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1_000_000,
    describe: 'Registrations of all devices above which they are answered 429. The cloud has 1000; 0: no limit.',
  },
  'provisioning.pollsPerTenSeconds': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1_000_000,
    describe: 'Polls of one device above which it is answered 429. The cloud has 5; 0: no limit.',
  },
  'provisioning.operationsPerMinute': {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1_000_000,
    describe: 'Calls of the provisioning service’s REST above which they are answered 429. The cloud has 1000; 0: no limit.',
  },
  'trust.issuerChange': {
    kind: 'text',
    default: 'alert',
    choices: ['alert', 'refuse'],
    describe:
      'What happens when a known device comes below another verified CA while its own is neither revoked nor in its last 90 days: `alert` lets it in, as the cloud does, and keeps that with the refusals; `refuse` pins the CA.',
  },
  'revocation.endedLists': {
    kind: 'text',
    default: 'refuse',
    choices: ['refuse', 'ignore'],
    describe:
      'What a revocation list does after its nextUpdate: `refuse` lets in no device of its CA until the next list is there; `ignore` keeps out whom it names and lets in the others.',
  },
  'revocation.followCertificates': {
    kind: 'flag',
    default: false,
    describe:
      'Fetch the revocation list of a verified CA from where the certificates below it say it is, unless `homeport crl follow` said where.',
  },
  'outgoing.allowed': {
    kind: 'list',
    default: [],
    describe: 'Addresses and networks (`10.1.0.0/16`) inside that webhooks may lead to; without it only the open internet.',
  },
  'outgoing.allowHttp': { kind: 'flag', default: false, describe: 'Call webhooks without TLS, too.' },
  ...monitoringFields,
  'log.level': {
    kind: 'text',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    describe: 'What the log on standard error says.',
  },
  'demo.enabled': { kind: 'flag', default: false, describe: 'Run a simulated device that charts temperature and humidity.' },
} as const satisfies SettingFields;

export type ServerSettings = SettingValues<typeof serverSettings>;
