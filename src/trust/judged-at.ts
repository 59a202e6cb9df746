import { type Instant, instant } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import type { RevocationEvidence } from './revocation.ts';

/**
 * The instant by which a leaf is judged: now, or for a daily certificate the latest at which its security service has issued
 * anything, if the clock has fallen behind that. A clock that is set back must not bring what has ended to life (sphere.md
 * 1.6, T11). Of other certificates nobody here knows when they were issued, and a clock that once was wrong shuts none out.
 */
export function judgedAt(leaf: Certificate, { at, revocation }: { at: Instant; revocation: RevocationEvidence }): Instant {
  return leaf.assuranceLevel === undefined ? at : instant(Math.max(at, revocation.provenAt ?? at));
}
