import { Problem } from '#base/problem.ts';
import { requireDer } from './der.ts';
import { DerReader, decodeOid, derTags, enterDer } from './der-reader.ts';
import { decodeBoolean } from './der-values.ts';
import { extensionOids } from './oids.ts';
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

/** An extension as it stands in a certificate, its value not looked at. */
export type ReadExtension = { readonly oid: string; readonly isCritical: boolean; readonly value: Buffer };

/** From the content of an Extensions. */
export function readExtensionList(content: Buffer): ReadExtension[] {
  const extensions: ReadExtension[] = [];
  for (const list = new DerReader(content); !list.isAtEnd; ) {
    const fields = list.enter(derTags.sequence);
    const oid = decodeOid(fields.read(derTags.objectIdentifier).content);
    const critical = fields.readIf(derTags.boolean)?.content;
    const value = fields.read(derTags.octetString).content;
    fields.end();
    extensions.push({ oid, isCritical: critical !== undefined && decodeBoolean(critical), value });
  }
  return extensions;
}

/** Reads what decisions need. Throws for an extension that appears twice or whose value is not what its name promises. */
export function readExtensions(extensions: readonly ReadExtension[]): CertificateExtensions {
  if (extensions.length > extensionsMax) throw malformed(`it has more than ${extensionsMax} extensions`);
  const values = new Map<string, Buffer>();
  for (const { oid, value } of extensions) {
    if (values.has(oid)) throw malformed(`extension ${oid} appears twice`);
    values.set(oid, value);
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
      .filter(({ isCritical }) => isCritical)
      .map(({ oid }) => oid)
      .filter((oid) => !understood.has(oid)),
  };
}

function readValue<T>(values: ReadonlyMap<string, Buffer>, oid: string, read: (bytes: Buffer) => T): T | undefined {
  const value = values.get(oid);
  if (!value) return undefined;
  try {
    requireDer(value);
    return read(value);
  } catch (cause) {
    throw malformed(`extension ${oid} cannot be read`, cause);
  }
}

function readBasicConstraints(bytes: Buffer): NonNullable<CertificateExtensions['basicConstraints']> {
  const fields = enterDer(bytes, derTags.sequence);
  const isCa = fields.readIf(derTags.boolean)?.content;
  const pathLength = fields.readIf(derTags.integer)?.content;
  fields.end();
  const cA = isCa !== undefined && decodeBoolean(isCa);
  return pathLength ? { isCa: cA, pathLength: readLength(pathLength) } : { isCa: cA };
}

function readLength(content: Buffer): number {
  const isNegative = (content[0] ?? 0x80) >= 0x80;
  if (isNegative || content.length > 6) throw malformed('the path length is no length');
  return content.readUIntBE(0, content.length);
}

function readKeyUsage(bytes: Buffer): ReadonlySet<KeyUsageName> {
  const reader = new DerReader(bytes);
  const { content } = reader.read(derTags.bitString);
  if (content.length === 0 || (content[0] ?? 8) > 7) throw malformed('the key usage is no bit string');
  // The first bit is the highest of the first byte.
  return new Set(keyUsageNames.filter((_, bit) => ((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0));
}

function readExtendedKeyUsage(bytes: Buffer): readonly string[] {
  const oids: string[] = [];
  for (const list = enterDer(bytes, derTags.sequence); !list.isAtEnd; ) {
    oids.push(decodeOid(list.read(derTags.objectIdentifier).content));
  }
  return oids;
}

function readSubjectKeyId(bytes: Buffer): string {
  return new DerReader(bytes).read(derTags.octetString).content.toString('hex');
}

/** A short UTF8String; anything else under our OID was not made by us and says nothing. */
function readAssuranceLevel(bytes: Buffer): string | undefined {
  const text = bytes.subarray(2).toString('latin1');
  return bytes[0] === derTags.utf8String && bytes[1] === text.length && /^A[0-3]$/.test(text) ? text : undefined;
}

/** The key id alone; issuer and serial number, which may stand beside it, name a certificate that was replaced since. */
export function readAuthorityKeyId(bytes: Buffer): string | undefined {
  return enterDer(bytes, derTags.sequence).readIf(keyIdentifierTag)?.content.toString('hex');
}

const keyIdentifierTag = 0x80;

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate is malformed: ${why}.`, { reason: 'certificate-malformed', cause });
}
