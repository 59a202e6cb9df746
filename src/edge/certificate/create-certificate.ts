import { lstat, rm } from 'node:fs/promises';
import { dayMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Certificate } from '#pki/certificate.ts';
import { issueCertificate } from '#pki/issue.ts';
import { exportPrivateKeyPem, generateEcKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { createFile } from '../host/write-file.ts';
import { requireDeviceName } from '../settings/device-name.ts';
import type { CertificatePaths } from './certificate-paths.ts';
import { makeDeviceCerts } from './device-certs.ts';

export type CertificateRequest = {
  readonly deviceId: string;
  readonly paths: CertificatePaths;
  readonly organization: string;
  readonly organizationUnit: string;
  /** Counted from a day before the present: the clock of a device may be behind the hub's. */
  readonly lifeMs: number;
  /** Its `device-certs` is made when missing; any other directory must be there. */
  readonly configDirectory: string;
};

/**
 * Makes a key and a certificate that signs itself, at the paths of `request`. A refusal changes nothing:
 * what was there stays, and half of the pair is not left behind. Throws Problem.
 */
export async function createCertificate(platform: Platform, request: CertificateRequest): Promise<Certificate> {
  const { paths } = request;
  requireDeviceName(request.deviceId);
  if (request.lifeMs <= dayMs) {
    throw new Problem(
      'argument-invalid',
      'The certificate would have expired already: it counts from a day ago, and certificate.validity.requested_duration is no more.',
    );
  }
  for (const name of [request.organization, request.organizationUnit]) {
    if (name === '' || name.length > 64)
      throw new Problem('argument-invalid', 'A certificate names an organization with 1 to 64 characters.');
  }
  await refuseExisting(paths.certificate, 'certificate');
  await refuseExisting(paths.key, 'key');
  const { publicKey, privateKey } = generateEcKey('P-256');
  const certificate = await issueCertificate({
    profile: 'device-self-signed',
    subject: [
      ['CN', request.deviceId],
      ['O', request.organization],
      ['OU', request.organizationUnit],
    ],
    publicKey,
    issuer: { selfSignedWith: privateKey },
    now: platform.clock.now(),
    random: platform.random,
    lifeMs: request.lifeMs,
  });
  for (const path of [paths.key, paths.certificate]) await makeDeviceCerts(request.configDirectory, path);
  await createFile(paths.key, exportPrivateKeyPem(privateKey), 0o400);
  try {
    await createFile(paths.certificate, toPem('CERTIFICATE', certificate.der), 0o444);
  } catch (error) {
    await rm(paths.key, { force: true });
    throw error;
  }
  return certificate;
}

async function refuseExisting(path: string, what: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return;
    throw fileProblem(error, path);
  }
  throw new Problem(
    'already-exists',
    `A ${what} exists and would be overwritten: ${path}\nRun 'tedge cert remove' first to make a new one.`,
  );
}
