import { DerReader, decodeOid, derTags, enterDer, unexpected } from './der-reader.ts';
import { type GeneralName, readGeneralName } from './general-name.ts';
import { canonicalRdnOf } from './names.ts';
import { extensionOids } from './oids.ts';

export type Subtree = {
  readonly base: GeneralName;
  /** Anything but 0 to unbounded, which RFC 5280 forbids. */
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

/** Calls `read` with the value of an extension, if it is there; the value has passed requireDer. */
type ReadValue = <T>(oid: string, read: (bytes: Buffer) => T) => T | undefined;

export function readPathExtensions(value: ReadValue): PathExtensions {
  const subjectAltNames = value(extensionOids.subjectAltName, (bytes) => readNames(enterDer(bytes, derTags.sequence)));
  const nameConstraints = value(extensionOids.nameConstraints, readNameConstraints);
  const policies = value(extensionOids.certificatePolicies, readPolicies);
  const policyMappings = value(extensionOids.policyMappings, readMappings);
  const policyConstraints = value(extensionOids.policyConstraints, readPolicyConstraints);
  const inhibitAnyPolicy = value(extensionOids.inhibitAnyPolicy, (bytes) =>
    readSkips(new DerReader(bytes).read(derTags.integer).content),
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

/** What `read` makes of each element up to the end. */
function readAll<T>(list: DerReader, read: (list: DerReader) => T): T[] {
  const all: T[] = [];
  while (!list.isAtEnd) all.push(read(list));
  return all;
}

function readNames(list: DerReader): GeneralName[] {
  return readAll(list, (names) => readGeneralName(names.read()));
}

function readNameConstraints(bytes: Buffer): NonNullable<PathExtensions['nameConstraints']> {
  const fields = enterDer(bytes, derTags.sequence);
  const [permitted, excluded] = [fields.readIf(0xa0), fields.readIf(0xa1)];
  fields.end();
  const subtrees = (content: Buffer | undefined) => (content ? readAll(new DerReader(content), readSubtree) : []);
  return { permitted: subtrees(permitted?.content), excluded: subtrees(excluded?.content) };
}

function readSubtree(list: DerReader): Subtree {
  const fields = list.enter(derTags.sequence);
  const base = readGeneralName(fields.read());
  const [minimum, maximum] = [fields.readIf(0x80), fields.readIf(0x81)];
  fields.end();
  return { base, hasRange: maximum !== undefined || (minimum !== undefined && !minimum.content.equals(Buffer.of(0))) };
}

function readPolicies(bytes: Buffer): string[] {
  return readAll(enterDer(bytes, derTags.sequence), (list) => readOid(list.enter(derTags.sequence)));
}

function readMappings(bytes: Buffer): (readonly [string, string])[] {
  return readAll(enterDer(bytes, derTags.sequence), (list) => {
    const fields = list.enter(derTags.sequence);
    const mapping = [readOid(fields), readOid(fields)] as const;
    fields.end();
    return mapping;
  });
}

function readOid(fields: DerReader): string {
  return decodeOid(fields.read(derTags.objectIdentifier).content);
}

function readPolicyConstraints(bytes: Buffer): NonNullable<PathExtensions['policyConstraints']> {
  const fields = enterDer(bytes, derTags.sequence);
  const [explicit, mapping] = [fields.readIf(0x80), fields.readIf(0x81)];
  fields.end();
  return {
    ...(explicit && { requireExplicitPolicy: readSkips(explicit.content) }),
    ...(mapping && { inhibitPolicyMapping: readSkips(mapping.content) }),
  };
}

/** More certificates than any path has mean the same as that many. */
const skipsMax = 1_000;

function readSkips(integer: Buffer): number {
  if (integer.length === 0 || (integer[0] ?? 0) >= 0x80) throw unexpected('a count of certificates is negative');
  const first = integer.findIndex((byte) => byte !== 0);
  const bytes = first < 0 ? Buffer.of(0) : integer.subarray(first);
  return bytes.length > 4 ? skipsMax : Math.min(bytes.readUIntBE(0, bytes.length), skipsMax);
}

function readDistributionPoints(bytes: Buffer): DistributionPoint[] {
  return readAll(enterDer(bytes, derTags.sequence), (list) => {
    const fields = list.enter(derTags.sequence);
    const [name, reasons, crlIssuer] = [fields.readIf(0xa0), fields.readIf(0x81), fields.readIf(0xa2)];
    fields.end();
    return {
      ...(name && { name: readPointName(name.content) }),
      ...(reasons && { reasons: readReasons(reasons.content) }),
      ...(crlIssuer && { crlIssuer: readNames(new DerReader(crlIssuer.content)) }),
    };
  });
}

/** DistributionPointName, without the tag around it. */
export function readPointName(content: Buffer): PointName {
  const choice = new DerReader(content);
  const below = choice.readIf(0xa1);
  const name = below ? { belowIssuer: canonicalRdnOf(below.content) } : { fullNames: readNames(choice.enter(0xa0)) };
  choice.end();
  return name;
}

/** Bit n is reason n of RFC 5280 4.2.1.13; 0 is not used. */
export const allReasons = 0b1_1111_1110;

/** The content of a BIT STRING, whose first bit is the highest of its first byte. */
export function readReasons(content: Buffer): number {
  if (content.length === 0 || (content[0] ?? 8) > 7) throw unexpected('reasons are no bit string');
  let reasons = 0;
  for (let bit = 1; bit <= 8; bit++) if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) reasons |= 1 << bit;
  return reasons & allReasons;
}
