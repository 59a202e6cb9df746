import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import type { Audit } from '#sphere/audit/audit.ts';
import type { ClockGuard } from '#sphere/clock/clock-guard.ts';
import { verificationCodePattern } from '#sphere/contract/cloud.ts';
import { retryAfterSecondsOf, type SphereLimits } from '#sphere/limits/sphere-limits.ts';
import type { Database } from '#storage/database.ts';
import type { Authorities } from './authorities.ts';

export type ProofOptions = {
  platform: Platform;
  database: Database;
  authorities: Authorities;
  audit: Audit;
  clockGuard: ClockGuard;
  limits: SphereLimits;
};

/**
 * Makes the certificate that shows a relying party that we hold the tenant CA's key: its common name
 * is the code they gave out. Its own key is thrown away at once, since nobody needs to prove anything
 * with it.
 *
 * Throws Problem `argument-invalid` for a code that could be taken for a device id or for more of a
 * name than its CN (sphere.md 1.6 T6), `throttled`, `certificate-not-found`, `unavailable`.
 */
export async function issueProof(
  options: ProofOptions,
  request: { tenantId: string; code: string; selector: string | undefined; actor: string },
): Promise<Buffer> {
  const { platform, database, authorities, audit, clockGuard, limits } = options;
  if (!verificationCodePattern.test(request.code)) {
    throw new Problem('argument-invalid', 'A verification code has 1 to 64 characters of A-Z a-z 0-9 _ and -.', {
      reason: 'verification-code-invalid',
    });
  }
  const authority = await authorities.require(request.tenantId, request.selector);
  if (authority.state === 'revoked') throw new Problem('certificate-not-found', 'This CA certificate was revoked.');
  await clockGuard.requireClock();
  const waitMs = limits.takeProof(request.tenantId);
  if (waitMs > 0) {
    throw new Problem('throttled', 'Too many proofs were requested for this tenant.', {
      retryAfterSeconds: retryAfterSecondsOf(waitMs),
    });
  }
  const now = platform.clock.now();
  const proof = await issueCertificate({
    profile: 'sphere-proof',
    subject: [['CN', request.code]],
    publicKey: generateEcKey('P-384').publicKey,
    issuer: await authorities.loadIssuer(authority),
    now,
    random: platform.random,
  });
  const write = await audit.prepare({
    type: 'proof-issued',
    tenantId: request.tenantId,
    certificateSha256: proof.sha256Thumbprint,
    actor: request.actor,
  });
  await database.transaction().execute(async (transaction) => {
    await write(transaction);
    await clockGuard.raise(transaction, now);
  });
  platform.log.info('proof.issued', { tenantId: request.tenantId, serial: proof.serialHex, actor: request.actor });
  return proof.der;
}
