import { join } from 'node:path';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import type { Assignment } from '#wire/azure/dps-registration.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';

/** The hub that DPS assigned, and what it was asked for: with other settings it does not hold. */
export type KeptAssignment = Assignment & {
  readonly idScope: string;
  readonly registrationId: string;
  /** Of the credential it was registered with; the hub knows that one and no newer. */
  readonly credential: string;
};

const fileBytesMax = 4_096;
const pathIn = (directory: string) => join(directory, 'az-assignment.json');

/** undefined where there is none that can be read: then DPS is asked. */
export async function loadAssignment(directory: string): Promise<KeptAssignment | undefined> {
  try {
    const bytes = await readSmallFile(pathIn(directory), fileBytesMax);
    const value = bytes && parseJson(bytes);
    if (!isJsonObject(value)) return undefined;
    const { hubHostName, deviceId, idScope, registrationId, credential } = value;
    return isText(hubHostName) && isText(deviceId) && isText(idScope) && isText(registrationId) && isText(credential)
      ? { hubHostName, deviceId, idScope, registrationId, credential }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A disk that takes none costs a registration at the next start. */
export async function keepAssignment({ random, log }: Platform, directory: string, kept: KeptAssignment): Promise<void> {
  try {
    await replaceFile(pathIn(directory), `${JSON.stringify(kept)}\n`, { mode: 0o600, random });
  } catch (error) {
    log.warn('registration.not-kept', { path: pathIn(directory), error: String(error) });
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
