/** How a value is read from text: `host` and `id` have grammars of their own, `choice` a closed list. */
export type SettingKind = 'text' | 'path' | 'host' | 'id' | 'flag' | 'port' | 'number' | 'duration' | 'list' | 'choice';

export type SettingKey = {
  readonly kind: SettingKind;
  readonly note: string;
  readonly default?: string | readonly string[];
  /** The default is this file below the configuration directory. */
  readonly defaultFile?: string;
  /** The default is this below a configuration directory other than /etc/tedge, so that two installations share nothing. */
  readonly elsewhere?: string;
  /** The key whose value stands in while this one has none. */
  readonly fallback?: string;
  /** Spellings of older generations that differ by more than dots and underscores. */
  readonly older?: readonly string[];
  readonly choices?: readonly string[];
};

/** The settings of `tedge.toml` in the order in which they are listed (thin-edge.md 6). */
export const settingKeys = {
  'device.id': { kind: 'id', note: 'The device id; the common name of the certificate wins over it' },
  'device.key_path': { kind: 'path', note: 'The private key', defaultFile: 'device-certs/tedge-private-key.pem' },
  'device.cert_path': { kind: 'path', note: 'The certificate', defaultFile: 'device-certs/tedge-certificate.pem' },
  'device.csr_path': { kind: 'path', note: 'Where a signing request is written', defaultFile: 'device-certs/tedge.csr' },
  'device.type': { kind: 'text', note: 'What the device calls its kind', default: 'thin-edge.io' },
  'certificate.validity.requested_duration': { kind: 'duration', note: 'How long a new certificate lasts', default: '365d' },
  'certificate.validity.minimum_duration': {
    kind: 'duration',
    note: 'With less than this left, a certificate expires soon',
    default: '30d',
  },
  'certificate.organization': { kind: 'text', note: 'O of a new certificate', default: 'Thin Edge' },
  'certificate.organization_unit': { kind: 'text', note: 'OU of a new certificate', default: 'Test Device' },
  'cert.show.format': { kind: 'choice', note: 'The layout of cert show', default: 'seed', choices: ['seed', 'modern'] },
  'az.url': { kind: 'host', note: 'The hub: a host name or address, with a port where it is not 8883', older: ['azure.url'] },
  'az.root_cert_path': {
    kind: 'path',
    note: "The CA of the hub's server certificate: a file or a directory",
    default: '/etc/ssl/certs',
    older: ['azure.root_cert_path'],
  },
  'az.device.id': { kind: 'id', note: 'The device id at the hub', fallback: 'device.id' },
  'az.device.key_path': { kind: 'path', note: 'The private key for the hub', fallback: 'device.key_path' },
  'az.device.cert_path': { kind: 'path', note: 'The certificate for the hub', fallback: 'device.cert_path' },
  'az.device.symmetric_key_path': {
    kind: 'path',
    note: "A file with the device's key in base64, with which it signs in instead of a certificate",
  },
  'az.device.token_duration': { kind: 'duration', note: 'How long a token lasts that is signed with that key', default: '1h' },
  'az.dps.url': {
    kind: 'host',
    note: "The provisioning service that says which hub is the device's, in place of az.url",
  },
  'az.dps.id_scope': { kind: 'text', note: 'The ID scope at the provisioning service' },
  'az.dps.registration_id': { kind: 'id', note: 'The name to register under', fallback: 'az.device.id' },
  'az.dps.group_key_path': {
    kind: 'path',
    note: "A file with the key of an enrollment group in base64, from which the device's own is derived",
  },
  'az.https.port': { kind: 'port', note: 'The port at which the hub speaks HTTPS', default: '443' },
  'az.model_id': { kind: 'text', note: 'The model that the device announces, by which IoT Central finds its template' },
  'az.topics': {
    kind: 'list',
    note: 'Local topics that the mapper reads',
    default: ['te/+/+/+/+/m/+', 'te/+/+/+/+/e/+', 'te/+/+/+/+/a/+', 'te/+/+/+/+/status/health'],
  },
  'az.children': {
    kind: 'choice',
    note: 'How child devices stand at the hub: named in messages of the main device, as its modules, or as devices',
    default: 'message',
    choices: ['message', 'module', 'device'],
  },
  'az.children_prefix': {
    kind: 'text',
    note: "What the id at the hub has before a child device's name",
  },
  'az.mapper.timestamp': {
    kind: 'flag',
    note: 'Whether a time is added where there is none',
    default: 'true',
    older: ['azure.mapper_timestamp'],
  },
  'az.mapper.timestamp_format': {
    kind: 'choice',
    note: 'How times are written',
    default: 'unix',
    choices: ['unix', 'rfc-3339'],
  },
  'az.mapper.strict': {
    kind: 'flag',
    note: 'Whether measurements must be Thin Edge JSON on te/ topics as well, instead of any JSON object',
    default: 'false',
  },
  'az.mapper.cleared_alarms': { kind: 'flag', note: 'Whether the hub is told when an alarm is cleared', default: 'false' },
  'az.mapper.twin': {
    kind: 'flag',
    note: "Whether the main device's twin fragments become reported properties",
    default: 'false',
  },
  'az.mapper.content_type': {
    kind: 'flag',
    note: 'Whether messages say that they are JSON in UTF-8, so that routes may read their bodies',
    default: 'false',
  },
  'az.mapper.operations': {
    kind: 'flag',
    note: 'Whether desired properties start operations of the agent, and reported ones tell what becomes of them',
    default: 'true',
  },
  'az.mapper.mqtt.max_payload_size': { kind: 'number', note: 'The largest payload sent to the hub, in bytes', default: '262144' },
  'az.bridge.topic_prefix': { kind: 'text', note: 'The first level of the local topics of the bridge', default: 'az' },
  'az.bridge.keepalive_interval': { kind: 'duration', note: 'Keep-alive towards the hub', default: '60s' },
  'mqtt.topic_root': { kind: 'text', note: 'The first level of local topics', default: 'te' },
  'mqtt.device_topic_id': { kind: 'text', note: 'The main device in local topics', default: 'device/main//' },
  'mqtt.bind.address': { kind: 'text', note: 'Where the local broker listens', default: '127.0.0.1' },
  'mqtt.bind.port': { kind: 'port', note: 'The port of the local broker', default: '1883', older: ['mqtt.port'] },
  'mqtt.client.host': { kind: 'text', note: 'Where the local broker is found', default: '127.0.0.1' },
  'mqtt.client.port': { kind: 'port', note: 'The port at which it is found', fallback: 'mqtt.bind.port' },
  'mqtt.external.bind.address': { kind: 'text', note: 'Where a second listener listens' },
  'mqtt.external.bind.interface': { kind: 'text', note: 'The network interface of the second listener' },
  'mqtt.external.bind.port': { kind: 'port', note: 'The port of the second listener', older: ['mqtt.external.port'] },
  'mqtt.external.ca_path': { kind: 'path', note: 'The CAs that the second listener trusts', older: ['mqtt.external.capath'] },
  'mqtt.external.cert_file': {
    kind: 'path',
    note: 'The certificate of the second listener',
    older: ['mqtt.external.certfile'],
  },
  'mqtt.external.key_file': { kind: 'path', note: 'The key of the second listener', older: ['mqtt.external.keyfile'] },
  'mqtt.bridge.built_in': { kind: 'flag', note: 'Whether the bridge is our own, or mosquitto', default: 'true' },
  'mqtt.bridge.reconnect_policy.initial_interval': {
    kind: 'duration',
    note: 'The first pause before reconnecting',
    default: '5s',
  },
  'mqtt.bridge.reconnect_policy.maximum_interval': { kind: 'duration', note: 'The longest pause', default: '10m' },
  'mqtt.bridge.reconnect_policy.reset_window': {
    kind: 'duration',
    note: 'After so long a connection the pause is the first again',
    default: '5m',
  },
  'agent.enable.restart': { kind: 'flag', note: 'Whether the agent restarts the device', default: 'true' },
  'agent.enable.log_upload': { kind: 'flag', note: 'Whether the agent uploads log files', default: 'true' },
  'agent.enable.config_snapshot': { kind: 'flag', note: 'Whether the agent uploads configuration files', default: 'true' },
  'agent.enable.config_update': { kind: 'flag', note: 'Whether the agent changes configuration files', default: 'true' },
  'agent.enable.software_list': { kind: 'flag', note: 'Whether the agent says what software is installed', default: 'true' },
  'agent.enable.software_update': { kind: 'flag', note: 'Whether the agent installs and removes software', default: 'true' },
  'software.plugin.default': { kind: 'text', note: 'The type of software that a request without a type means' },
  'software.plugin.max_packages': {
    kind: 'number',
    note: 'The most packages of one type in a list of software',
    default: '1000',
  },
  'http.bind.port': { kind: 'port', note: 'The port of the local HTTP interface', default: '8000', older: ['http.port'] },
  'proxy.address': { kind: 'text', note: 'An HTTP proxy on the way to the hub' },
  'proxy.username': { kind: 'text', note: 'The user at the proxy' },
  'proxy.password': { kind: 'text', note: 'The password at the proxy; everyone who may read this file reads it' },
  'run.path': { kind: 'path', note: 'Locks and process ids', default: '/run', elsewhere: 'run' },
  'data.path': { kind: 'path', note: 'What outlives a restart', default: '/var/tedge', elsewhere: 'data' },
  'logs.path': { kind: 'path', note: 'Logs', default: '/var/log/tedge', elsewhere: 'log' },
  'tmp.path': { kind: 'path', note: 'Temporary files', default: '/tmp' },
  'service.type': { kind: 'text', note: 'The type that services register with', default: 'service' },
  'service.timestamp_format': {
    kind: 'choice',
    note: 'How times in health messages are written',
    default: 'unix',
    choices: ['unix', 'rfc-3339'],
  },
} as const satisfies Record<string, SettingKey>;

export type SettingName = keyof typeof settingKeys;

export const settingNames: readonly SettingName[] = Object.keys(settingKeys).filter(isSettingName);

function isSettingName(text: string): text is SettingName {
  return Object.hasOwn(settingKeys, text);
}

export function settingKey(name: SettingName): SettingKey {
  return settingKeys[name];
}

/**
 * Spellings are compared after every dot has become an underscore, so that `az.root.cert.path`,
 * `az.root_cert_path` and the environment's `AZ_ROOT_CERT_PATH` are one key.
 */
const bySpelling: ReadonlyMap<string, SettingName> = new Map(
  settingNames.flatMap((name) => [name, ...(settingKey(name).older ?? [])].map((spelling) => [plain(spelling), name] as const)),
);

/** The setting that `spelling` of any generation means. */
export function findSetting(spelling: string): SettingName | undefined {
  return bySpelling.get(plain(spelling));
}

function plain(spelling: string): string {
  return spelling.replaceAll('.', '_');
}
