import { Problem } from '#base/problem.ts';
import { importPrivateKeyPem, type KeyPair } from '#pki/key.ts';
import { readSmallFile } from '../host/read-small-file.ts';

/** An RSA key of 4,096 bits has 3,300 characters as PEM. */
const fileBytesMax = 64 * 1024;

/** The device's key, or undefined when there is no file. Throws Problem that names the file and shows nothing of it. */
export async function loadDeviceKey(path: string): Promise<KeyPair | undefined> {
  const pem = await readSmallFile(path, fileBytesMax);
  if (!pem) return undefined;
  try {
    return importPrivateKeyPem(pem);
  } catch (cause) {
    throw new Problem('argument-invalid', `${path} holds no private key without a passphrase.`, { cause });
  }
}

/** As loadDeviceKey, for those who cannot go on without. */
export async function requireDeviceKey(path: string): Promise<KeyPair> {
  const key = await loadDeviceKey(path);
  if (key) return key;
  throw new Problem('not-found', `There is no key file ${path}.\nRun 'tedge cert create' to make key and certificate.`);
}
