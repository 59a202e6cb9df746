import { AsnConvert } from '@peculiar/asn1-schema';
import {
  CertificatePolicies,
  CRLDistributionPoints,
  type DistributionPointName,
  type GeneralSubtrees,
  InhibitAnyPolicy,
  NameConstraints,
  PolicyConstraints,
  PolicyMappings,
  type Reason,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import { type GeneralName, readGeneralName } from './general-name.ts';
import { canonicalPart } from './names.ts';
import { extensionOids, plainOid } from './oids.ts';

export type Subtree = {
  readonly base: GeneralName /** Anything but 0 to unbounded, which RFC 5280 forbids. */;
  readonly hasRange: boolean;
};

/** Where a CRL is, as an issuer names it: full names, or one part below the issuer's name. */
export type PointName = { readonly fullNames: readonly GeneralName[] } | { readonly belowIssuer: string };

export type DistributionPoint = {
  readonly name?: PointName;
  /** Bits of ReasonFlags; absent: all. */
  readonly reasons?: number;
  /** Who signs the CRL, when it is not the certificate's issuer. */
  readonly crlIssuer?: readonly GeneralName[];
};

/** The extensions that only path validation asks for (RFC 5280 4.2.1). */
export type PathExtensions = {
  readonly subjectAltNames?: readonly GeneralName[];
  readonly nameConstraints?: { readonly permitted: readonly Subtree[]; readonly excluded: readonly Subtree[] };
  readonly policies?: readonly string[];
  readonly policyMappings?: readonly (readonly [issuer: string, subject: string])[];
  readonly policyConstraints?: { readonly requireExplicitPolicy?: number; readonly inhibitPolicyMapping?: number };
  readonly inhibitAnyPolicy?: number;
  readonly distributionPoints?: readonly DistributionPoint[];
};

/** Calls `read` with the value of an extension, if it is there. */
type ReadValue = <T>(oid: string, read: (bytes: ArrayBuffer) => T) => T | undefined;

export function readPathExtensions(value: ReadValue): PathExtensions {
  const subjectAltNames = value(extensionOids.subjectAltName, (bytes) =>
    Array.from(AsnConvert.parse(bytes, SubjectAlternativeName), readGeneralName),
  );
  const nameConstraints = value(extensionOids.nameConstraints, (bytes) => {
    const { permittedSubtrees, excludedSubtrees } = AsnConvert.parse(bytes, NameConstraints);
    return { permitted: readSubtrees(permittedSubtrees), excluded: readSubtrees(excludedSubtrees) };
  });
  const policies = value(extensionOids.certificatePolicies, (bytes) =>
    Array.from(AsnConvert.parse(bytes, CertificatePolicies), ({ policyIdentifier }) => plainOid(policyIdentifier)),
  );
  const policyMappings = value(extensionOids.policyMappings, (bytes) =>
    Array.from(
      AsnConvert.parse(bytes, PolicyMappings),
      ({ issuerDomainPolicy, subjectDomainPolicy }) => [plainOid(issuerDomainPolicy), plainOid(subjectDomainPolicy)] as const,
    ),
  );
  const policyConstraints = value(extensionOids.policyConstraints, readPolicyConstraints);
  const inhibitAnyPolicy = value(extensionOids.inhibitAnyPolicy, (bytes) =>
    readSkips(AsnConvert.parse(bytes, InhibitAnyPolicy).value),
  );
  const distributionPoints = value(extensionOids.crlDistributionPoints, readDistributionPoints);
  return {
    ...(subjectAltNames && { subjectAltNames }),
    ...(nameConstraints && { nameConstraints }),
    ...(policies && { policies }),
    ...(policyMappings && { policyMappings }),
    ...(policyConstraints && { policyConstraints }),
    ...(inhibitAnyPolicy !== undefined && { inhibitAnyPolicy }),
    ...(distributionPoints && { distributionPoints }),
  };
}

function readSubtrees(subtrees: GeneralSubtrees | undefined): Subtree[] {
  return Array.from(subtrees ?? [], ({ base, minimum, maximum }) => ({
    base: readGeneralName(base),
    hasRange: minimum !== 0 || maximum !== undefined,
  }));
}

function readPolicyConstraints(bytes: ArrayBuffer): NonNullable<PathExtensions['policyConstraints']> {
  const { requireExplicitPolicy, inhibitPolicyMapping } = AsnConvert.parse(bytes, PolicyConstraints);
  return {
    ...(requireExplicitPolicy && { requireExplicitPolicy: readSkips(requireExplicitPolicy) }),
    ...(inhibitPolicyMapping && { inhibitPolicyMapping: readSkips(inhibitPolicyMapping) }),
  };
}

/** More certificates than any path has mean the same as that many. */
const skipsMax = 1_000;

function readSkips(integer: ArrayBuffer): number {
  const bytes = Buffer.from(integer);
  if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) throw new Error('a count of certificates is negative');
  return bytes.length > 4 ? skipsMax : Math.min(bytes.readUIntBE(0, bytes.length), skipsMax);
}

function readDistributionPoints(bytes: ArrayBuffer): DistributionPoint[] {
  return Array.from(AsnConvert.parse(bytes, CRLDistributionPoints), ({ distributionPoint, reasons, cRLIssuer }) => ({
    ...(distributionPoint && { name: readPointName(distributionPoint) }),
    ...(reasons && { reasons: readReasons(reasons) }),
    ...(cRLIssuer && { crlIssuer: Array.from(cRLIssuer, readGeneralName) }),
  }));
}

export function readPointName({ fullName, nameRelativeToCRLIssuer }: DistributionPointName): PointName {
  if (nameRelativeToCRLIssuer) return { belowIssuer: canonicalPart(nameRelativeToCRLIssuer) };
  return { fullNames: Array.from(fullName ?? [], readGeneralName) };
}

/** Bit n is reason n of RFC 5280 4.2.1.13; 0 is not used. */
export const allReasons = 0b1_1111_1110;

export function readReasons(reasons: Reason): number {
  return reasons.toNumber() & allReasons;
}
