import { resolve } from 'node:path';
import { assert } from '#base/assert.ts';
import { Problem } from '#base/problem.ts';
import { certificatePaths } from '../certificate/certificate-paths.ts';
import { loadEffective } from '../certificate/effective-setting.ts';
import { parseDuration } from '../settings/duration.ts';
import type { SettingName } from '../settings/setting-keys.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import type { ReconnectPolicy } from './reconnect-delay.ts';

/** Where the hub is and who we are to it. */
export type BridgeSettings = {
  readonly host: string;
  readonly port: number;
  readonly deviceId: string;
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly rootsPath: string;
  readonly prefix: string;
  readonly keepAliveSeconds: number;
  readonly payloadBytesMax: number;
  readonly reconnect: ReconnectPolicy;
};

/** The generation of the hub's interface that the original asks for (thin-edge.md 7.1). */
export const hubApiVersion = '2018-06-30';
const hubPort = 8883;
/** What is larger no hub takes, whatever the setting says (thin-edge.md 8.4). */
const hubPayloadBytesMax = 256 * 1024;
const keepAliveSecondsMax = 65_535;

/** Throws Problem for what is missing or not supported, with the command that mends it. */
export async function loadBridgeSettings(settings: TedgeSettings): Promise<BridgeSettings> {
  const url = settings.load('az.url');
  if (typeof url !== 'string') throw new Problem('not-found', "'az.url' is not set.\nRun 'tedge config set az.url HOST'.");
  const deviceId = await loadEffective(settings, 'az.device.id');
  const paths = certificatePaths(settings, 'az');
  if (typeof deviceId !== 'string') {
    throw new Problem('certificate-not-found', `There is no certificate file ${paths.certificate}.\nRun 'tedge cert create'.`);
  }
  if (settings.load('proxy.address') !== undefined) {
    throw new Problem('not-supported', "'proxy.address' is set, and this build connects to the hub directly only.");
  }
  const [, host = url, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(url) ?? [];
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? hubPort : Number(port),
    deviceId,
    certificatePath: paths.certificate,
    keyPath: paths.key,
    rootsPath: resolve(settings.directory, settings.text('az.root_cert_path')),
    prefix: settings.text('az.bridge.topic_prefix'),
    keepAliveSeconds: Math.min(keepAliveSecondsMax, Math.ceil(durationMs(settings, 'az.bridge.keepalive_interval') / 1000)),
    payloadBytesMax: Math.min(hubPayloadBytesMax, Number(settings.load('az.mapper.mqtt.max_payload_size'))),
    reconnect: {
      initialMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.initial_interval'),
      maximumMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.maximum_interval'),
      resetWindowMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.reset_window'),
    },
  };
}

function durationMs(settings: TedgeSettings, name: SettingName): number {
  const ms = parseDuration(settings.text(name));
  assert(ms !== undefined, `${name} is no duration`);
  return ms;
}
