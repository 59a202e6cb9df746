import { Problem } from '#base/problem.ts';
import { spkiSha256Of } from '#pki/key.ts';
import type { BridgeSettings } from '../bridge/bridge-settings.ts';
import { loadRoots } from '../bridge/load-roots.ts';
import { requireDeviceKey } from '../certificate/device-key.ts';
import { requireCertificate } from '../certificate/read-certificate.ts';
import { loadCredential } from '../registration/credential.ts';

/** Finds, before anything is changed, that the bridge could not speak to any hub. Throws Problem with what mends it. */
export async function validateConnection({ credential, rootsPath }: BridgeSettings): Promise<void> {
  if (credential.kind === 'certificate') await validatePair(credential);
  else await loadCredential(credential);
  try {
    await loadRoots(rootsPath);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Problem('not-found', `${why}\n'az.root_cert_path' names the CA of the hub's server certificate.`, { cause });
  }
}

async function validatePair({ certificatePath, keyPath }: { certificatePath: string; keyPath: string }): Promise<void> {
  const certificate = await requireCertificate(certificatePath);
  const { publicKey } = await requireDeviceKey(keyPath);
  if (spkiSha256Of(publicKey) !== spkiSha256Of(certificate.publicKey)) {
    throw new Problem('conflict', `${keyPath} is not the key of ${certificatePath}.`);
  }
}
