import { resolve } from 'node:path';
import { assert } from '#base/assert.ts';
import { Problem } from '#base/problem.ts';
import { certificatePaths } from '../certificate/certificate-paths.ts';
import { loadEffective } from '../certificate/effective-setting.ts';
import { type ChildrenRule, loadChildrenRule } from '../children/child-name.ts';
import { loadProxy } from '../reach/http-proxy.ts';
import { type CredentialPlace, credentialPlace } from '../registration/credential.ts';
import type { DpsAddress } from '../registration/register.ts';
import { parseDuration } from '../settings/duration.ts';
import type { SettingName } from '../settings/setting-keys.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import type { ReconnectPolicy } from './reconnect-delay.ts';

/** Where the hub is and who we are to it. */
export type BridgeSettings = {
  /** The hub's; where DPS says which hub that is, those of DPS, and the name that the device registers under. */
  readonly host: string;
  readonly port: number;
  readonly deviceId: string;
  readonly moduleId?: string;
  readonly dps: DpsAddress | undefined;
  /** What the device says that it is, to DPS and to the hub. */
  readonly modelId: string | undefined;
  readonly credential: CredentialPlace;
  /** How long a token lasts that the device signs with its key. */
  readonly tokenMs: number;
  /** Where the hub, and DPS, speak HTTPS. */
  readonly httpsPort: number;
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly rootsPath: string;
  readonly prefix: string;
  /** How child devices stand at the hub; undefined while the main device speaks for them. */
  readonly children: ChildrenRule | undefined;
  readonly keepAliveSeconds: number;
  readonly payloadBytesMax: number;
  readonly reconnect: ReconnectPolicy;
};

/** The generation of the hub's interface that the original asks for (thin-edge.md 7.1). */
export const hubApiVersion = '2018-06-30';
/** The first that knows models. */
export const modelApiVersion = '2020-09-30';
const hubPort = 8883;
/** Below it a device would do nothing but connect. */
const tokenMsMin = 2_000;
/** What is larger no hub takes, whatever the setting says (thin-edge.md 8.4). */
const hubPayloadBytesMax = 256 * 1024;
const keepAliveSecondsMax = 65_535;
const modelIdPattern = /^dtmi:[\w:]{1,120};\d{1,9}$/;

/** Throws Problem for what is missing or not supported, with the command that mends it. */
export async function loadBridgeSettings(settings: TedgeSettings): Promise<BridgeSettings> {
  const dps = await loadDpsAddress(settings);
  // Read here as well, so that connect refuses a wrong one before it changes anything.
  if (loadProxy(settings) && settings.load('mqtt.bridge.built_in') === false) {
    throw new Problem(
      'not-supported',
      "'proxy.address' is set: mosquitto has no way through a proxy, and 'mqtt.bridge.built_in' is false.",
    );
  }
  const url = settings.load('az.url');
  if (!dps && typeof url !== 'string')
    throw new Problem('not-found', "'az.url' is not set.\nRun 'tedge config set az.url HOST'.");
  const deviceId = dps?.registrationId ?? (await loadEffective(settings, 'az.device.id'));
  const paths = certificatePaths(settings, 'az');
  if (typeof deviceId !== 'string') {
    throw new Problem('certificate-not-found', `There is no certificate file ${paths.certificate}.\nRun 'tedge cert create'.`);
  }
  const credential = credentialPlace(settings, dps?.registrationId);
  if (credential.kind !== 'certificate' && settings.load('mqtt.bridge.built_in') === false) {
    throw new Problem(
      'not-supported',
      "The device signs in with a key: mosquitto renews no tokens, and 'mqtt.bridge.built_in' is false.",
    );
  }
  return {
    ...(dps ? { host: dps.host, port: dps.port } : hostAndPort(String(url))),
    deviceId,
    dps,
    modelId: loadModelId(settings),
    credential,
    tokenMs: Math.max(tokenMsMin, durationMs(settings, 'az.device.token_duration')),
    httpsPort: Number(settings.load('az.https.port')),
    certificatePath: paths.certificate,
    keyPath: paths.key,
    rootsPath: resolve(settings.directory, settings.text('az.root_cert_path')),
    prefix: settings.text('az.bridge.topic_prefix'),
    children: loadChildrenRule(settings),
    keepAliveSeconds: Math.min(keepAliveSecondsMax, Math.ceil(durationMs(settings, 'az.bridge.keepalive_interval') / 1000)),
    payloadBytesMax: Math.min(hubPayloadBytesMax, Number(settings.load('az.mapper.mqtt.max_payload_size'))),
    reconnect: {
      initialMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.initial_interval'),
      maximumMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.maximum_interval'),
      resetWindowMs: durationMs(settings, 'mqtt.bridge.reconnect_policy.reset_window'),
    },
  };
}

/** The provisioning service, where the settings name one. */
async function loadDpsAddress(settings: TedgeSettings): Promise<DpsAddress | undefined> {
  const url = settings.load('az.dps.url');
  if (typeof url !== 'string') return undefined;
  const idScope = settings.load('az.dps.id_scope');
  if (typeof idScope !== 'string' || idScope === '' || idScope.includes('/')) {
    throw new Problem(
      'not-found',
      "'az.dps.url' is set, and 'az.dps.id_scope' is not.\nRun 'tedge config set az.dps.id_scope SCOPE'.",
    );
  }
  if (settings.load('mqtt.bridge.built_in') === false) {
    throw new Problem(
      'not-supported',
      "'az.dps.url' is set: only our own bridge asks DPS for its hub, and 'mqtt.bridge.built_in' is false.",
    );
  }
  const registrationId = settings.loadOwn('az.dps.registration_id') ?? (await loadEffective(settings, 'az.device.id'));
  if (typeof registrationId !== 'string') {
    throw new Problem(
      'not-found',
      "The device has no name to register under.\nRun 'tedge config set device.id ID', or 'tedge cert create'.",
    );
  }
  return { ...hostAndPort(url), idScope, registrationId, modelId: loadModelId(settings) };
}

function loadModelId(settings: TedgeSettings): string | undefined {
  const modelId = settings.load('az.model_id');
  if (typeof modelId !== 'string') return undefined;
  if (!modelIdPattern.test(modelId)) {
    throw new Problem(
      'argument-invalid',
      "'az.model_id' is no name of a model.\nRun 'tedge config set az.model_id \"dtmi:COMPANY:MODEL;1\"'.",
    );
  }
  return modelId;
}

function hostAndPort(text: string): { host: string; port: number } {
  const [, host = text, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? hubPort : Number(port) };
}

function durationMs(settings: TedgeSettings, name: SettingName): number {
  const ms = parseDuration(settings.text(name));
  assert(ms !== undefined, `${name} is no duration`);
  return ms;
}
