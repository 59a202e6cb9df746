import { type Instant, instant } from '#base/instant.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import type { SphereAuthorityRow } from '#storage/schema/sphere.ts';

/** A CA of ours as it is stored: certificate, state, and the name of its key file. */
export type Authority = {
  readonly kind: SphereAuthorityRow['kind'];
  /** The tenant's id; `service` for root and policy. */
  readonly owner: string;
  readonly certificate: Certificate;
  readonly state: SphereAuthorityRow['state'];
  readonly keyFile: string;
  readonly createdAt: Instant;
  readonly stateChangedAt: Instant | undefined;
};

export type AuthorityStatus = 'Active' | 'Inactive' | 'Expired' | 'Revoked';

export function authorityOf(row: SphereAuthorityRow): Authority {
  return {
    kind: row.kind,
    owner: row.owner,
    certificate: parseCertificate(row.der),
    state: row.state,
    keyFile: row.key_file,
    createdAt: instant(row.created_at),
    stateChangedAt: row.state_changed_at === null ? undefined : instant(row.state_changed_at),
  };
}

/** The status that people see (sphere.md 2.7). */
export function statusOf(authority: Authority, at: Instant): AuthorityStatus {
  if (authority.state === 'revoked') return 'Revoked';
  if (authority.certificate.notAfter <= at) return 'Expired';
  return authority.state === 'active' ? 'Active' : 'Inactive';
}

/**
 * Whether `selector` names this authority: by SHA-1 thumbprint, in any case and with or without
 * separators, or by serial number, in any case and with or without leading zeros.
 */
export function isNamedBy({ certificate }: Authority, selector: string): boolean {
  const hex = selector.replace(/[:\s]/g, '').toUpperCase();
  return hex === certificate.sha1Thumbprint || withoutZeros(hex) === withoutZeros(certificate.serialHex);
}

function withoutZeros(hex: string): string {
  return hex.replace(/^0+/, '');
}
