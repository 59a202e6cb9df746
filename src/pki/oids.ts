/** Object identifiers by the names this code uses for them. */
export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
  noRevAvail: '2.5.29.56',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  /** Ours, non-critical: how much the attestation behind a daily certificate is worth (sphere.md 1.5). */
  assuranceLevel: '2.25.198191146496452340023643771174963375476',
  /** Ours, non-critical: the digest of the policy that the device passed. */
  policyVersion: '2.25.65988179880611093140192791872927696272',
} as const;

export const purposeOids = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  /** Ours: a certificate made to prove possession of a CA, and good for nothing else. */
  proof: '2.25.325006663628839527781447707789551999809',
  /** Ours: a certificate that opens the update service, and nothing else. */
  update: '2.25.55858341837153790348575326154548643908',
} as const;

/** Stands for every policy, RFC 5280 4.2.1.4. */
export const anyPolicy = '2.5.29.32.0';

/**
 * An identifier in plain dotted form. asn1js prints an arc beyond 2^53, as the 2.25 arc always has,
 * as its base-128 digits in hex between braces; two spellings of one identifier would not compare.
 */
export function plainOid(oid: string): string {
  return oid.replace(/\{([0-9a-f]*)\}/g, (_, digits: string) =>
    Buffer.from(digits, 'hex')
      .reduce((value, digit) => value * 128n + BigInt(digit & 0x7f), 0n)
      .toString(),
  );
}
