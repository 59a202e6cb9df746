import { dayMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Certificate } from '#pki/certificate.ts';
import { issueCertificate } from '#pki/issue.ts';
import { spkiSha256Of } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { replaceFile } from '../host/write-file.ts';
import { type CertificatePaths, pendingCertificatePath } from './certificate-paths.ts';
import { requireDeviceKey } from './device-key.ts';
import { requireCertificate } from './read-certificate.ts';

export type RenewalRequest = {
  readonly paths: CertificatePaths;
  readonly organization: string;
  readonly organizationUnit: string;
  readonly lifeMs: number;
  /** The owner asked for a certificate that signs itself, so one of a CA may be followed by it. */
  readonly maySucceedIssued: boolean;
};

/**
 * Makes a certificate of the same name and key with new dates, beside the present one: what the device shows
 * stays as it is until the next connect adopts the new file, so that its thumbprint can be registered first
 * (thin-edge.md 3.4, 8.5). Throws Problem; a refusal changes nothing.
 */
export async function renewCertificate(platform: Platform, request: RenewalRequest): Promise<Certificate> {
  const { paths, lifeMs } = request;
  if (lifeMs <= dayMs) {
    throw new Problem(
      'argument-invalid',
      'The certificate would have expired already: it counts from a day ago, and certificate.validity.requested_duration is no more.',
    );
  }
  const present = await requireCertificate(paths.certificate);
  const [commonName] = present.commonNames;
  if (commonName === undefined) throw new Problem('certificate-invalid', `${paths.certificate} names nobody.`);
  if (!present.subjectDer.equals(present.issuerDer) && !request.maySucceedIssued) {
    throw new Problem(
      'conflict',
      `${paths.certificate} was signed by a CA; let it sign a new one ('tedge cert create-csr').\nA certificate that signs itself takes its place with '--ca self-signed'.`,
    );
  }
  const { privateKey, publicKey } = await requireDeviceKey(paths.key);
  if (spkiSha256Of(publicKey) !== spkiSha256Of(present.publicKey)) {
    throw new Problem('conflict', `${paths.key} is not the key of ${paths.certificate}.`);
  }
  const renewed = await issueCertificate({
    profile: 'device-self-signed',
    subject: [
      ['CN', commonName],
      ['O', request.organization],
      ['OU', request.organizationUnit],
    ],
    publicKey,
    issuer: { selfSignedWith: privateKey },
    now: platform.clock.now(),
    random: platform.random,
    lifeMs,
  });
  const { random } = platform;
  await replaceFile(pendingCertificatePath(paths), toPem('CERTIFICATE', renewed.der), { mode: 0o444, random });
  return renewed;
}
