import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Random } from '#base/random.ts';
import { loadBridgeSettings } from '../bridge/bridge-settings.ts';
import { bridgeFilePath, removeBridgeFile } from '../connect/bridge-file.ts';
import { padTopicId } from '../entities/entity.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { makeDirectory, replaceFile } from '../host/write-file.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { formatBridgeConf } from './bridge-conf.ts';
import { formatBrokerConf } from './broker-conf.ts';

const fileBytesMax = 64 * 1024;

/** What a connection consists of on disk: files that mosquitto reads. */
export type MosquittoFiles = { readonly directory: string; readonly bridge: string; readonly broker: string };

export function mosquittoFiles(settings: Pick<TedgeSettings, 'directory'>): MosquittoFiles {
  const bridge = bridgeFilePath(settings);
  const directory = dirname(bridge);
  return { directory, bridge, broker: join(directory, 'tedge-mosquitto.conf') };
}

/** The texts of both files. Throws Problem for settings that are missing or do not fit. */
export async function formatMosquittoFiles(settings: TedgeSettings): Promise<{ bridge: string; broker: string }> {
  const bridge = await loadBridgeSettings(settings);
  const isPausing = (['initial_interval', 'maximum_interval'] as const).some(
    (name) => settings.loadOwn(`mqtt.bridge.reconnect_policy.${name}`) !== undefined,
  );
  return {
    bridge: formatBridgeConf({
      settings: bridge,
      names: { topicRoot: settings.text('mqtt.topic_root'), mainTopicId: padTopicId(settings.text('mqtt.device_topic_id')) },
      rootsAreDirectory: await isDirectory(bridge.rootsPath),
      restart: isPausing ? bridge.reconnect : undefined,
    }),
    broker: await formatBrokerConf(settings, isDirectory),
  };
}

/** Writes both, for everybody to read: mosquitto is another user. */
export async function saveMosquittoFiles(random: Random, settings: TedgeSettings): Promise<void> {
  const files = mosquittoFiles(settings);
  const texts = await formatMosquittoFiles(settings);
  await makeDirectory(files.directory);
  await replaceFile(files.broker, texts.broker, { mode: 0o644, random });
  await replaceFile(files.bridge, texts.bridge, { mode: 0o644, random });
}

export async function removeMosquittoFiles({ bridge, broker }: MosquittoFiles): Promise<void> {
  await removeBridgeFile(bridge);
  await removeBridgeFile(broker);
}

/** Removes the file of the bridge; what is returned puts it back. */
export async function takeBridgeFile(random: Random, { bridge }: MosquittoFiles): Promise<() => Promise<void>> {
  const text = await readSmallFile(bridge, fileBytesMax);
  await removeBridgeFile(bridge);
  return async () => {
    if (text) await replaceFile(bridge, text, { mode: 0o644, random });
  };
}

/** What is not there is none. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw fileProblem(error, path);
  }
}
