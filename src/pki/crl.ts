import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AuthorityKeyIdentifier,
  CertificateIssuer,
  CRLReason,
  type Extension,
  IssuingDistributionPoint,
  type RevokedCertificate,
  TBSCertList,
} from '@peculiar/asn1-x509';
import { sha256Hex } from '#base/bytes.ts';
import { type Instant, instant } from '#base/instant.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { SignedEnvelope, toArrayBuffer } from './certificate-schema.ts';
import { requireDer } from './der.ts';
import { canonicalRdns, nameKey } from './names.ts';
import { extensionOids, plainOid } from './oids.ts';
import { allReasons, type PointName, readPointName, readReasons } from './path-extensions.ts';
import { type SignatureAlgorithm, signatureAlgorithmOf } from './signature-algorithm.ts';

/** A list of some twenty thousand certificates; a CA that revokes more splits its lists. */
export const crlBytesMax = 1024 * 1024;
const elementsMax = 400_000;

/** What a list says it is about (RFC 5280 5.2.5). */
export type CrlScope = {
  readonly name?: PointName;
  readonly onlyUserCertificates: boolean;
  readonly onlyCaCertificates: boolean;
  readonly onlyAttributeCertificates: boolean;
  /** Bits of reasons; all of them unless the list is about some. */
  readonly reasons: number;
  /** It lists certificates of other issuers than its own. */
  readonly isIndirect: boolean;
};

export type RevokedEntry = { readonly at: Instant; readonly reason: string };

/** A certificate revocation list. Nothing here has been verified: parsing believes what it reads. */
export type Crl = {
  readonly sha256: string;
  readonly issuerRdns: readonly string[];
  readonly issuerKey: string;
  readonly thisUpdate: Instant;
  readonly nextUpdate?: Instant;
  readonly scope: CrlScope;
  readonly number?: bigint;
  /** Of a delta list: the number of the complete list that it goes on from. */
  readonly baseNumber?: bigint;
  readonly authorityKeyId?: string;
  /** By entryKey. */
  readonly entries: ReadonlyMap<string, RevokedEntry>;
  /** OIDs of critical extensions, of the list or of an entry, that nobody here understands: such a list cannot be relied on. */
  readonly unknownCriticalExtensions: readonly string[];
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly tbsDer: Buffer;
  readonly signature: Buffer;
};

/** How an entry is found: by the certificate's issuer and serial number. */
export function entryKey(issuerKey: string, serialHex: string): string {
  return `${serialHex}\u0000${issuerKey}`;
}

/** Reads one DER list. Throws Problem `certificate-invalid` for anything else. */
export function parseCrl(der: Uint8Array): Crl {
  if (der.length > crlBytesMax) throw malformed(`it has more than ${crlBytesMax} bytes`);
  try {
    requireDer(der, elementsMax);
    return read(Buffer.from(der));
  } catch (error) {
    const problem = asProblem(error);
    throw problem.code === 'certificate-invalid' ? problem : malformed('it is not a certificate revocation list', error);
  }
}

function read(der: Buffer): Crl {
  const envelope = AsnConvert.parse(toArrayBuffer(der), SignedEnvelope);
  const tbs = AsnConvert.parse(envelope.signed, TBSCertList);
  if (!tbs.signature.isEqual(envelope.signatureAlgorithm)) throw malformed('it names two signature algorithms');
  const issuerRdns = canonicalRdns(tbs.issuer);
  const extensions = new Extensions(Array.from(tbs.crlExtensions ?? []));
  const authorityKeyId = extensions.read(extensionOids.authorityKeyIdentifier, (bytes) => {
    const { keyIdentifier } = AsnConvert.parse(bytes, AuthorityKeyIdentifier);
    return keyIdentifier && Buffer.from(keyIdentifier.buffer).toString('hex');
  });
  const number = extensions.read(extensionOids.crlNumber, readNumber);
  const baseNumber = extensions.read(extensionOids.deltaCrlIndicator, readNumber);
  const scope = extensions.read(extensionOids.issuingDistributionPoint, readScope) ?? everything;
  const { entries, unknown } = readEntries(Array.from(tbs.revokedCertificates ?? []), nameKey(issuerRdns));
  return {
    sha256: sha256Hex(der),
    issuerRdns,
    issuerKey: nameKey(issuerRdns),
    thisUpdate: readTime(tbs.thisUpdate),
    ...(tbs.nextUpdate && { nextUpdate: readTime(tbs.nextUpdate) }),
    scope,
    ...(number !== undefined && { number }),
    ...(baseNumber !== undefined && { baseNumber }),
    ...(authorityKeyId !== undefined && { authorityKeyId }),
    entries,
    unknownCriticalExtensions: [...extensions.unknownCritical(), ...unknown],
    signatureAlgorithm: signatureAlgorithmOf(tbs.signature),
    tbsDer: Buffer.from(envelope.signed),
    signature: Buffer.from(envelope.signature),
  };
}

/** The extensions of a list or of an entry, of which some were asked for. */
class Extensions {
  readonly #all: readonly Extension[];
  readonly #known = new Set<string>();

  constructor(all: readonly Extension[]) {
    this.#all = all;
    if (new Set(all.map(({ extnID }) => plainOid(extnID))).size !== all.length) throw malformed('an extension appears twice');
  }

  read<T>(oid: string, readBytes: (bytes: ArrayBuffer) => T): T | undefined {
    this.#known.add(oid);
    const extension = this.#all.find(({ extnID }) => plainOid(extnID) === oid);
    return extension && readBytes(toArrayBuffer(new Uint8Array(extension.extnValue.buffer)));
  }

  unknownCritical(): string[] {
    const oids = this.#all.filter(({ critical }) => critical).map(({ extnID }) => plainOid(extnID));
    return oids.filter((oid) => !this.#known.has(oid));
  }
}

const reasonNames: Readonly<Record<number, string>> = {
  1: 'key compromise',
  2: 'CA compromise',
  3: 'affiliation changed',
  4: 'superseded',
  5: 'cessation of operation',
  6: 'on hold',
  8: 'removed from the list',
  9: 'privilege withdrawn',
  10: 'AA compromise',
};
export const removedFromList = 'removed from the list';

function readEntries(
  revoked: readonly RevokedCertificate[],
  listIssuer: string,
): { entries: Map<string, RevokedEntry>; unknown: string[] } {
  const entries = new Map<string, RevokedEntry>();
  const unknown = new Set<string>();
  // In an indirect list an entry without an issuer has that of the one before (RFC 5280 5.3.3).
  let issuer = listIssuer;
  for (const { userCertificate, revocationDate, crlEntryExtensions } of revoked) {
    const extensions = new Extensions(Array.from(crlEntryExtensions ?? []));
    issuer = extensions.read(extensionOids.certificateIssuer, readEntryIssuer) ?? issuer;
    const code = extensions.read(extensionOids.crlReason, (bytes) => AsnConvert.parse(bytes, CRLReason).reason);
    const reason = reasonNames[Number(code ?? 0)] ?? 'no reason given';
    for (const oid of extensions.unknownCritical()) unknown.add(oid);
    const serialHex = Buffer.from(userCertificate).toString('hex').toUpperCase();
    entries.set(entryKey(issuer, serialHex), { at: readTime(revocationDate), reason });
  }
  return { entries, unknown: [...unknown] };
}

function readEntryIssuer(bytes: ArrayBuffer): string {
  const name = Array.from(AsnConvert.parse(bytes, CertificateIssuer)).find(({ directoryName }) => directoryName)?.directoryName;
  if (!name) throw malformed('an entry names no issuer');
  return nameKey(canonicalRdns(name));
}

const everything: CrlScope = {
  onlyUserCertificates: false,
  onlyCaCertificates: false,
  onlyAttributeCertificates: false,
  reasons: allReasons,
  isIndirect: false,
};

function readScope(bytes: ArrayBuffer): CrlScope {
  const point = AsnConvert.parse(bytes, IssuingDistributionPoint);
  return {
    ...(point.distributionPoint && { name: readPointName(point.distributionPoint) }),
    onlyUserCertificates: point.onlyContainsUserCerts,
    onlyCaCertificates: point.onlyContainsCACerts,
    onlyAttributeCertificates: point.onlyContainsAttributeCerts,
    reasons: point.onlySomeReasons ? readReasons(point.onlySomeReasons) : allReasons,
    isIndirect: point.indirectCRL,
  };
}

const numberBytesMax = 20;

function readNumber(bytes: ArrayBuffer): bigint {
  const integer = Buffer.from(bytes);
  // An INTEGER with a short length: tag, length, value.
  const value = integer.subarray(2);
  if (integer[0] !== 0x02 || value.length === 0 || value.length > numberBytesMax || (value[0] ?? 0) >= 0x80) {
    throw malformed('its number is none');
  }
  return BigInt(`0x${value.toString('hex')}`);
}

function readTime(time: { getTime(): Date }): Instant {
  const ms = time.getTime().getTime();
  if (!Number.isFinite(ms)) throw malformed('a date is not one');
  return instant(ms);
}

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate revocation list is malformed: ${why}.`, {
    reason: 'certificate-malformed',
    cause,
  });
}
