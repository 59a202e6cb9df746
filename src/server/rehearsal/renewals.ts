import { dayMs, type Instant } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';
import type { Certificate } from '#pki/certificate.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { Sphere } from '#sphere/sphere.ts';
import type { Verdict } from '#trust/verdict.ts';

export type LastCredential = Awaited<ReturnType<Hub['credentials']['loadMany']>> extends Map<string, infer C> ? C : never;

/** What is good for longer is made by a person, however often it was replaced. */
const shortLivedMs = 2 * dayMs;

/** Whether a device was seen to replace what it signs in with by itself, and so will again. */
export function renewsByItself({ renewals, endsAt, seenAt }: LastCredential): boolean {
  return renewals > 0 && isShortLived({ endsAt, seenAt });
}

export function isShortLived({ endsAt, seenAt }: Pick<LastCredential, 'endsAt' | 'seenAt'>): boolean {
  return endsAt !== undefined && endsAt - seenAt <= shortLivedMs;
}

/**
 * Who a leaf of a daily certificate's kind belongs to: an active device of a tenant of the security service renews every
 * day for as long as its tenant has a CA, the first day included.
 */
export async function loadSphereRenewal(
  sphere: Pick<Sphere, 'devices' | 'authorities'>,
  enrolled: ReadonlySet<string>,
  leaf: Certificate,
): Promise<{ successorAt(at: Instant): boolean } | undefined> {
  const [deviceId] = leaf.commonNames;
  const device = deviceId === undefined ? undefined : await sphere.devices.load(deviceId);
  if (device?.status !== 'active') return undefined;
  const own = (await sphere.authorities.list(device.tenantId)).filter(({ state }) => state !== 'revoked');
  if (!own.some(({ certificate }) => certificate.subjectKey === leaf.issuerKey)) return undefined;
  const successors = own.filter(({ certificate }) => enrolled.has(certificate.sha256Thumbprint));
  return {
    successorAt: (at) => successors.some(({ certificate }) => at >= certificate.notBefore && at <= certificate.notAfter),
  };
}

/** The verified CAs of enabled enrollment groups, by SHA-256. */
export async function loadEnrolled({ authorities, groups }: Pick<Provisioning, 'authorities' | 'groups'>): Promise<Set<string>> {
  const verified = new Map((await authorities.loadVerified()).map((found) => [found.certificateId, found.sha256Thumbprint]));
  const enrolled = new Set<string>();
  for (const { isEnabled, attestation } of await groups.list()) {
    if (!isEnabled || attestation.type !== 'x509') continue;
    for (const id of [attestation.primaryCertificateId, attestation.secondaryCertificateId]) {
      const thumbprint = id === undefined ? undefined : verified.get(id);
      if (thumbprint !== undefined) enrolled.add(thumbprint);
    }
  }
  return enrolled;
}

/** A registration that only its old issuer's end keeps out, where the device comes under the next one. */
export function withSuccessor(
  register: (at: Instant) => Promise<Verdict<unknown>>,
  successorAt: (at: Instant) => boolean,
): (at: Instant) => Promise<Verdict<unknown>> {
  return async (at) => {
    const verdict = await register(at);
    if (verdict.accepted || verdict.refusal.reason !== 'issuer-expired' || !successorAt(at)) return verdict;
    return { accepted: true, value: undefined, trace: [] };
  };
}
