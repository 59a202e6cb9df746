import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, type Extension, KeyUsage } from '@peculiar/asn1-x509';
import { Problem } from '#base/problem.ts';
import { requireDer } from './der.ts';
import { extensionOids, plainOid } from './oids.ts';
import { type PathExtensions, readPathExtensions } from './path-extensions.ts';

/** In the order of their bits, RFC 5280 4.2.1.3. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsageName = (typeof keyUsageNames)[number];

export type CertificateExtensions = PathExtensions & {
  /** Absent unless the extension is there: many verifiers then call a certificate a CA all the same; we never do. */
  readonly basicConstraints?: { readonly isCa: boolean; readonly pathLength?: number };
  readonly keyUsage?: ReadonlySet<KeyUsageName>;
  /** OIDs; an empty list is what the original's proof certificates have. */
  readonly extendedKeyUsage?: readonly string[];
  /** Lower-case hex. */
  readonly subjectKeyId?: string;
  readonly authorityKeyId?: string;
  /** What the security service says of how far a daily certificate's device was attested: `A0` to `A3`. */
  readonly assuranceLevel?: string;
  /** OIDs of critical extensions whose meaning we would ignore: whoever relies on the certificate must refuse it. */
  readonly unknownCriticalExtensions: readonly string[];
};

/** Understood, or without consequence for what we decide. */
const understood: ReadonlySet<string> = new Set([
  extensionOids.basicConstraints,
  extensionOids.keyUsage,
  extensionOids.extendedKeyUsage,
  extensionOids.subjectAltName,
  extensionOids.subjectKeyIdentifier,
  extensionOids.authorityKeyIdentifier,
  extensionOids.nameConstraints,
  extensionOids.certificatePolicies,
  extensionOids.policyMappings,
  extensionOids.policyConstraints,
  extensionOids.inhibitAnyPolicy,
  extensionOids.crlDistributionPoints,
  extensionOids.freshestCrl,
]);

const extensionsMax = 64;

/** Reads what decisions need. Throws for an extension that appears twice or whose value is not what its name promises. */
export function readExtensions(extensions: readonly Extension[]): CertificateExtensions {
  if (extensions.length > extensionsMax) throw malformed(`it has more than ${extensionsMax} extensions`);
  const values = new Map<string, Uint8Array>();
  for (const extension of extensions) {
    const oid = plainOid(extension.extnID);
    if (values.has(oid)) throw malformed(`extension ${oid} appears twice`);
    values.set(oid, new Uint8Array(extension.extnValue.buffer));
  }
  const basicConstraints = readValue(values, extensionOids.basicConstraints, readBasicConstraints);
  const keyUsage = readValue(values, extensionOids.keyUsage, readKeyUsage);
  const extendedKeyUsage = readValue(values, extensionOids.extendedKeyUsage, readExtendedKeyUsage);
  const subjectKeyId = readValue(values, extensionOids.subjectKeyIdentifier, readSubjectKeyId);
  const authorityKeyId = readValue(values, extensionOids.authorityKeyIdentifier, readAuthorityKeyId);
  const assuranceLevel = readValue(values, extensionOids.assuranceLevel, readAssuranceLevel);
  return {
    ...(basicConstraints && { basicConstraints }),
    ...(keyUsage && { keyUsage }),
    ...(extendedKeyUsage && { extendedKeyUsage }),
    ...(subjectKeyId && { subjectKeyId }),
    ...(authorityKeyId && { authorityKeyId }),
    ...(assuranceLevel && { assuranceLevel }),
    ...readPathExtensions((oid, read) => readValue(values, oid, read)),
    unknownCriticalExtensions: extensions
      .filter(({ critical }) => critical)
      .map(({ extnID }) => plainOid(extnID))
      .filter((oid) => !understood.has(oid)),
  };
}

function readValue<T>(values: ReadonlyMap<string, Uint8Array>, oid: string, readBytes: (bytes: ArrayBuffer) => T): T | undefined {
  const value = values.get(oid);
  if (!value) return undefined;
  try {
    requireDer(value);
    return readBytes(Uint8Array.from(value).buffer);
  } catch (cause) {
    throw malformed(`extension ${oid} cannot be read`, cause);
  }
}

function readBasicConstraints(bytes: ArrayBuffer): NonNullable<CertificateExtensions['basicConstraints']> {
  const { cA, pathLenConstraint } = AsnConvert.parse(bytes, BasicConstraints);
  if (pathLenConstraint === undefined) return { isCa: cA };
  if (!Number.isSafeInteger(pathLenConstraint) || pathLenConstraint < 0) throw malformed('the path length is no length');
  return { isCa: cA, pathLength: pathLenConstraint };
}

function readKeyUsage(bytes: ArrayBuffer): ReadonlySet<KeyUsageName> {
  const bits = AsnConvert.parse(bytes, KeyUsage).toNumber();
  return new Set(keyUsageNames.filter((_, bit) => (bits & (1 << bit)) !== 0));
}

function readExtendedKeyUsage(bytes: ArrayBuffer): readonly string[] {
  return Array.from(AsnConvert.parse(bytes, ExtendedKeyUsage), plainOid);
}

function readSubjectKeyId(bytes: ArrayBuffer): string {
  return Buffer.from(AsnConvert.parse(bytes, OctetString).buffer).toString('hex');
}

/** A short UTF8String; anything else under our OID was not made by us and says nothing. */
function readAssuranceLevel(bytes: ArrayBuffer): string | undefined {
  const value = Buffer.from(bytes);
  const text = value.subarray(2).toString('latin1');
  return value[0] === 0x0c && value[1] === text.length && /^A[0-3]$/.test(text) ? text : undefined;
}

function readAuthorityKeyId(bytes: ArrayBuffer): string | undefined {
  const { keyIdentifier } = AsnConvert.parse(bytes, AuthorityKeyIdentifier);
  return keyIdentifier && Buffer.from(keyIdentifier.buffer).toString('hex');
}

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate is malformed: ${why}.`, { reason: 'certificate-malformed', cause });
}
