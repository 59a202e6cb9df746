import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import { createCsr } from '#pki/csr.ts';
import { exportPrivateKeyPem, generateEcKey, type KeyPair } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { createFile, replaceFile } from '../host/write-file.ts';
import { requireDeviceName } from '../settings/device-name.ts';
import { makeDeviceCerts } from './device-certs.ts';
import { loadDeviceKey } from './device-key.ts';

export type SigningRequest = {
  readonly deviceId: string;
  readonly keyPath: string;
  readonly outputPath: string;
  readonly organization: string;
  readonly organizationUnit: string;
  /** Its `device-certs` is made when missing; any other directory must be there. */
  readonly configDirectory: string;
};

/**
 * Writes a request that a CA can sign, for the device's key, which is made when there is none. A request that
 * was there before is replaced: it holds nothing that could be lost. Throws Problem.
 */
export async function createRequest(random: Random, request: SigningRequest): Promise<void> {
  requireDeviceName(request.deviceId);
  for (const path of [request.keyPath, `${request.keyPath}.new`]) {
    if (path === request.outputPath) throw new Problem('argument-invalid', `The request would overwrite the key ${path}.`);
  }
  for (const path of [request.keyPath, request.outputPath]) await makeDeviceCerts(request.configDirectory, path);
  const keyPair = (await loadDeviceKey(request.keyPath)) ?? (await makeKey(request.keyPath));
  const der = await createCsr({
    subject: [
      ['CN', request.deviceId],
      ['O', request.organization],
      ['OU', request.organizationUnit],
    ],
    keyPair,
  });
  await replaceFile(request.outputPath, toPem('CERTIFICATE REQUEST', der), { mode: 0o444, random });
}

async function makeKey(path: string): Promise<KeyPair> {
  const keyPair = generateEcKey('P-256');
  await createFile(path, exportPrivateKeyPem(keyPair.privateKey), 0o400);
  return keyPair;
}
