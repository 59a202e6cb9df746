import { dayMs, hourMs, type Instant, minuteMs, plus, plusYears, secondMs } from '#base/instant.ts';
import type { KeyUsageName } from './extensions.ts';
import type { NameAttribute } from './names.ts';
import { purposeOids } from './oids.ts';

/** What one kind of certificate contains. Everything we issue stands in the table below, and nothing else is issued. */
export type Profile = {
  readonly keys: readonly ('P-256' | 'P-384' | 'RSA')[];
  /** How far before the present it begins, and how long it lasts from there. */
  readonly backdatedMs: number;
  readonly life: { readonly ms: number } | { readonly years: number };
  /** Absent: the extension is left out. */
  readonly basicConstraints?: { readonly isCa: boolean; readonly pathLength?: number };
  readonly keyUsage?: readonly KeyUsageName[];
  readonly purposes?: { readonly oids: readonly string[]; readonly critical: boolean };
  readonly hasSubjectKeyId: boolean;
  /** Says where revocation would be looked up as: nowhere, the certificate is too short-lived (RFC 9608). */
  readonly hasNoRevAvail?: boolean;
  /** Names as UTF8String throughout, instead of PrintableString where it suffices. */
  readonly hasUtf8Names?: boolean;
  /** The serial is computed from the public key, so that renewing keeps it; otherwise it is random. */
  readonly hasSerialOfKey?: boolean;
};

const caUsage = ['keyCertSign', 'cRLSign'] as const;

/** The columns of sphere.md 2.2, then what Homeport's own listeners and simulated devices need. */
export const profiles = {
  'sphere-root': {
    keys: ['P-384'],
    backdatedMs: 3 * hourMs,
    life: { years: 20 },
    basicConstraints: { isCa: true },
    keyUsage: caUsage,
    hasSubjectKeyId: true,
  },
  'sphere-policy': {
    keys: ['P-384'],
    backdatedMs: 3 * hourMs,
    life: { years: 5 },
    basicConstraints: { isCa: true, pathLength: 1 },
    keyUsage: caUsage,
    purposes: { oids: [purposeOids.clientAuth, purposeOids.update], critical: false },
    hasSubjectKeyId: true,
  },
  // Path length 0: nobody who obtains a tenant's key for a moment can mint a CA below it (sphere.md 1.6 T7).
  'sphere-tenant': {
    keys: ['P-384'],
    backdatedMs: 3 * hourMs,
    life: { ms: 730 * dayMs },
    basicConstraints: { isCa: true, pathLength: 0 },
    keyUsage: [...caUsage, 'digitalSignature'],
    hasSubjectKeyId: true,
  },
  'sphere-leaf': {
    keys: ['P-256', 'P-384'],
    backdatedMs: hourMs,
    life: { ms: 25 * hourMs },
    basicConstraints: { isCa: false },
    keyUsage: ['digitalSignature'],
    purposes: { oids: [purposeOids.clientAuth], critical: false },
    hasSubjectKeyId: false,
    hasNoRevAvail: true,
  },
  // Usage and purpose make a proof useless for TLS, so that asking for one whose code is a device id
  // yields no credential (sphere.md 1.6 T6).
  'sphere-proof': {
    keys: ['P-384'],
    backdatedMs: 5 * minuteMs,
    life: { ms: 65 * minuteMs },
    basicConstraints: { isCa: false },
    keyUsage: ['encipherOnly'],
    purposes: { oids: [purposeOids.proof], critical: true },
    hasSubjectKeyId: false,
  },
  'server-ca': {
    keys: ['P-384', 'P-256', 'RSA'],
    backdatedMs: hourMs,
    life: { years: 10 },
    basicConstraints: { isCa: true, pathLength: 0 },
    keyUsage: caUsage,
    hasSubjectKeyId: true,
  },
  // 397 days: what the strictest clients accept from any issuer.
  server: {
    keys: ['RSA', 'P-256'],
    backdatedMs: hourMs,
    life: { ms: 397 * dayMs },
    basicConstraints: { isCa: false },
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    purposes: { oids: [purposeOids.serverAuth], critical: false },
    hasSubjectKeyId: true,
  },
  // As thin-edge makes them: a CA in name, no usages, 364 of 365 days still to come (thin-edge.md 5).
  'device-self-signed': {
    // P-256 where we make the key; a renewal takes the key that is there.
    keys: ['P-256', 'P-384', 'RSA'],
    backdatedMs: dayMs,
    life: { ms: 365 * dayMs },
    basicConstraints: { isCa: true },
    hasSubjectKeyId: true,
    hasUtf8Names: true,
    hasSerialOfKey: true,
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof profiles;

/** C is left out when the operator's country is not known. */
export function sphereRootSubject(input: { operator: string; country?: string; year: number }): NameAttribute[] {
  return [...organization(input), ['CN', `Homeport Sphere Root CA ${input.year}`]];
}

export function spherePolicySubject(input: { operator: string; country?: string; year: number }): NameAttribute[] {
  return [...organization(input), ['CN', `Homeport Sphere Policy CA ${input.year}`]];
}

export function sphereTenantSubject(input: { operator: string; tenantId: string }): NameAttribute[] {
  return [
    ['O', input.operator],
    ['CN', `Homeport Sphere ${input.tenantId}`],
  ];
}

function organization(input: { operator: string; country?: string }): NameAttribute[] {
  return [...(input.country === undefined ? [] : [['C', input.country] as const]), ['O', input.operator]];
}

/**
 * When a certificate of `profile` made at `now` begins and ends, before its issuer's end is
 * considered. Certificates count in whole seconds, so a part of one is dropped from the start. `lifeMs`
 * is a wish of the certificate's owner that takes the place of the profile's.
 */
export function validityOf(profile: Profile, now: Instant, lifeMs?: number): { notBefore: Instant; notAfter: Instant } {
  const start = plus(now, -profile.backdatedMs);
  const notBefore = plus(start, -(start % secondMs));
  if (lifeMs !== undefined) return { notBefore, notAfter: plus(notBefore, lifeMs - (lifeMs % secondMs)) };
  const notAfter = 'years' in profile.life ? plusYears(notBefore, profile.life.years) : plus(notBefore, profile.life.ms);
  return { notBefore, notAfter };
}
