import { unlink } from 'node:fs/promises';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { type CertificatePaths, pendingCertificatePath } from './certificate-paths.ts';

/** Removes key, certificate and a renewed certificate that waits; whether there was any of them. */
export async function removeCertificate(paths: CertificatePaths): Promise<boolean> {
  const removed = [];
  // The key first: what must not outlive the wish to be rid of it.
  for (const path of [paths.key, paths.certificate, pendingCertificatePath(paths)]) removed.push(await remove(path));
  return removed.includes(true);
}

async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return false;
    throw fileProblem(error, path);
  }
}
