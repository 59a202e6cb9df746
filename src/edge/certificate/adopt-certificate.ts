import { rename } from 'node:fs/promises';
import { Problem } from '#base/problem.ts';
import { spkiSha256Of } from '#pki/key.ts';
import { fileProblem } from '../host/file-problem.ts';
import { type CertificatePaths, pendingCertificatePath } from './certificate-paths.ts';
import { requireDeviceKey } from './device-key.ts';
import { loadCertificate } from './read-certificate.ts';

/**
 * Puts a renewed certificate that waits in the place of the present one, without trying it first, as the original does for this cloud (thin-edge.md
 * 8.5). Whether there was one. Throws Problem for one that is not of the device's key, or cannot be put there; the present one then stays.
 */
export async function adoptCertificate(paths: CertificatePaths): Promise<boolean> {
  const pending = pendingCertificatePath(paths);
  const renewed = await loadCertificate(pending);
  if (!renewed) return false;
  const { publicKey } = await requireDeviceKey(paths.key);
  if (spkiSha256Of(publicKey) !== spkiSha256Of(renewed.publicKey)) {
    throw new Problem('conflict', `${paths.key} is not the key of ${pending}.`);
  }
  try {
    await rename(pending, paths.certificate);
  } catch (error) {
    throw fileProblem(error, paths.certificate);
  }
  return true;
}
