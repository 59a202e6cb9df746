import { Problem } from '#base/problem.ts';
import { formatHubUserName } from '#wire/azure/user-name.ts';
import { type BridgeSettings, hubApiVersion } from '../bridge/bridge-settings.ts';
import { bridgeRules } from '../bridge/bridge-topics.ts';
import { serviceTopicId } from '../entities/entity.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import { requireDeviceName } from '../settings/device-name.ts';
import { type ConfLine, formatConf } from './conf-text.ts';

export type MosquittoBridge = {
  readonly settings: BridgeSettings;
  readonly names: LocalNames;
  /** Whether the roots are a directory, which OpenSSL reads by names made of hashes. */
  readonly rootsAreDirectory: boolean;
  /** Pauses before connecting again, where somebody set them; mosquitto has its own, 5 s growing to 30 s. */
  readonly restart: { readonly initialMs: number; readonly maximumMs: number } | undefined;
};

/** Whose is what the bridge tells of itself, and where that may be waited for. */
export function bridgeServiceName(prefix: string): string {
  return `mosquitto-${prefix}-bridge`;
}

/**
 * `az-bridge.conf`: how mosquitto speaks to the hub, as thin-edge 1.x writes it (thin-edge.md 7.1, 7.2), and desired
 * properties. Throws Problem `argument-invalid` for what its lines cannot hold.
 */
export function formatBridgeConf({ settings, names, rootsAreDirectory, restart }: MosquittoBridge): string {
  const { host, port, prefix } = settings;
  // The name comes from a certificate, which anybody may have made.
  const deviceId = requireDeviceName(settings.deviceId);
  if (!/^[^\s+#"]+$/.test(prefix)) {
    throw new Problem('argument-invalid', `mosquitto takes no '${prefix}' as az.bridge.topic_prefix: no space, +, # or ".`);
  }
  const service = serviceTopicId(names.mainTopicId, bridgeServiceName(prefix));
  return formatConf("Written by 'tedge connect az' and removed by 'tedge disconnect az': what is changed here is lost.", [
    ['connection', 'edge_to_az'],
    ['address', `${host}:${port}`],
    [rootsAreDirectory ? 'bridge_capath' : 'bridge_cafile', settings.rootsPath],
    ['bridge_certfile', settings.certificatePath],
    ['bridge_keyfile', settings.keyPath],
    ['remote_clientid', deviceId],
    ['remote_username', formatHubUserName({ hostName: host, deviceId, apiVersion: hubApiVersion })],
    ['local_clientid', 'Azure'],
    ['bridge_protocol_version', 'mqttv311'],
    ['try_private', 'false'],
    ['start_type', 'automatic'],
    ['cleansession', 'false'],
    ['keepalive_interval', String(settings.keepAliveSeconds)],
    ['notifications', 'true'],
    ['notifications_local_only', 'true'],
    ['notification_topic', `${names.topicRoot}/${service}/status/health`],
    ['bridge_attempt_unsubscribe', 'false'],
    ...restartLines(restart),
    ...bridgeRules(deviceId).map(
      ({ direction, name, remote }): ConfLine => ['topic', `${name}/# ${direction} 1 ${prefix}/ ${remote}/`],
    ),
  ]);
}

function restartLines(restart: MosquittoBridge['restart']): ConfLine[] {
  if (!restart) return [];
  const [initial, maximum] = [restart.initialMs, restart.maximumMs].map((ms) => Math.max(1, Math.ceil(ms / 1000)));
  return [['restart_timeout', `${initial} ${Math.max(initial ?? 1, maximum ?? 1)}`]];
}
