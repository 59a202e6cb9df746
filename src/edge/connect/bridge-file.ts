import { readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Random } from '#base/random.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { makeDirectory, replaceFile } from '../host/write-file.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** That this file exists says that the device is connected, whoever bridges (thin-edge.md 4). */
export function bridgeFilePath({ directory }: Pick<TedgeSettings, 'directory'>): string {
  return join(directory, 'mosquitto-conf', 'az-bridge.conf');
}

export async function isConnected(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT' || fileErrorCode(error) === 'ENOTDIR') return false;
    throw fileProblem(error, path);
  }
}

/** The whole file where our own bridge connects: a Mosquitto that reads it finds nothing to do. */
const builtInText = '# tedge bridges to Azure itself (mqtt.bridge.built_in); this file says that it is connected.\n';

/** Whether the bridge that is connected is our own: a setting that was changed since does not say so. */
export async function isBuiltIn(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileProblem(error, path);
  });
  return text === builtInText;
}

export async function writeBuiltInFile(path: string, random: Random): Promise<void> {
  await makeDirectory(dirname(path));
  await replaceFile(path, builtInText, { mode: 0o644, random });
}

export async function removeBridgeFile(path: string): Promise<void> {
  await rm(path, { force: true }).catch((error: unknown) => {
    throw fileProblem(error, path);
  });
}
