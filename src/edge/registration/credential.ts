import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';
import { parseBase64, sha256Hex } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import { certificatePaths } from '../certificate/certificate-paths.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import type { ClientCertificate } from '../host/tls.ts';
import type { SettingName } from '../settings/setting-keys.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Where the device keeps what it proves itself with. */
export type CredentialPlace =
  | { readonly kind: 'certificate'; readonly certificatePath: string; readonly keyPath: string }
  | { readonly kind: 'key'; readonly path: string }
  /** The key of a whole enrollment group, from which the device's own is derived. */
  | { readonly kind: 'group-key'; readonly path: string; readonly registrationId: string };

/** What the device proves itself with, to DPS and to its hub alike. */
export type Credential =
  | { readonly kind: 'certificate'; readonly identity: ClientCertificate }
  | { readonly kind: 'key'; readonly key: Buffer };

const pemBytesMax = 160 * 1024;
const keyFileBytesMax = 1_024;
/** dps-device-protocol.md 2.1. */
const keyBytes = { min: 16, max: 64 };

/** Throws Problem for keys of both kinds, and for a group's without a provisioning service. */
export function credentialPlace(settings: TedgeSettings, registrationId: string | undefined): CredentialPlace {
  const pathOf = (name: SettingName) => {
    const path = settings.load(name);
    return typeof path === 'string' ? resolve(settings.directory, path) : undefined;
  };
  const [own, group] = [pathOf('az.device.symmetric_key_path'), pathOf('az.dps.group_key_path')];
  if (own !== undefined && group !== undefined) {
    throw new Problem(
      'argument-invalid',
      "'az.device.symmetric_key_path' and 'az.dps.group_key_path' are both set: a device has one key.",
    );
  }
  if (own !== undefined) return { kind: 'key', path: own };
  if (group !== undefined && registrationId === undefined) {
    throw new Problem(
      'argument-invalid',
      "'az.dps.group_key_path' is set, and 'az.dps.url' is not: a group has keys at a provisioning service only.",
    );
  }
  if (group !== undefined && registrationId !== undefined) return { kind: 'group-key', path: group, registrationId };
  const { certificate, key } = certificatePaths(settings, 'az');
  return { kind: 'certificate', certificatePath: certificate, keyPath: key };
}

/** Read each time: it may have been replaced. Throws Problem that names the file and shows nothing of it. */
export async function loadCredential(place: CredentialPlace): Promise<Credential> {
  if (place.kind === 'certificate') {
    const [certificatePem, keyPem] = await Promise.all([readText(place.certificatePath), readText(place.keyPath)]);
    return { kind: 'certificate', identity: { certificatePem, keyPem } };
  }
  const text = (await readText(place.path, keyFileBytesMax)).trim();
  const key = parseBase64(text);
  if (!key || key.length < keyBytes.min || key.length > keyBytes.max) {
    throw new Problem('argument-invalid', `${place.path} holds no key: base64 of ${keyBytes.min} to ${keyBytes.max} bytes.`);
  }
  if (place.kind === 'key') return { kind: 'key', key };
  return { kind: 'key', key: createHmac('sha256', key).update(place.registrationId).digest() };
}

/** Tells one credential from another, and nothing of it. */
export function fingerprintOf(credential: Credential): string {
  return sha256Hex(Buffer.from(credential.kind === 'key' ? sha256Hex(credential.key) : credential.identity.certificatePem));
}

async function readText(path: string, bytesMax = pemBytesMax): Promise<string> {
  const bytes = await readSmallFile(path, bytesMax);
  if (!bytes) throw new Problem('not-found', `There is no ${path}.`);
  return bytes.toString('latin1');
}
