import { asProblem, Problem } from '#base/problem.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { parsePemChain } from '#pki/pem.ts';
import { readSmallFile } from '../host/read-small-file.ts';

/** A leaf and what signed it, in one file. */
const fileBytesMax = 160 * 1024;

/** The leaf in a PEM file, or undefined when there is no file. Throws Problem `certificate-invalid` that names the file. */
export async function loadCertificate(path: string): Promise<Certificate | undefined> {
  const file = await readSmallFile(path, fileBytesMax);
  if (!file) return undefined;
  try {
    // A chain file has the leaf first, and the devices' identity is the leaf's (thin-edge.md 5).
    const [leaf] = parsePemChain(file.toString('latin1'));
    if (leaf) return parseCertificate(leaf);
  } catch (error) {
    throw new Problem('certificate-invalid', `${path}: ${asProblem(error).message}`, { cause: error });
  }
  throw new Problem('certificate-invalid', `${path} holds no certificate.`);
}

/** As loadCertificate, for those who cannot go on without. */
export async function requireCertificate(path: string): Promise<Certificate> {
  const certificate = await loadCertificate(path);
  if (certificate) return certificate;
  throw new Problem('certificate-not-found', `There is no certificate file ${path}.\nRun 'tedge cert create' to make one.`);
}
