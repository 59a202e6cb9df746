import { sha256Hex } from '#base/bytes.ts';
import type { Instant } from '#base/instant.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { requireDer } from './der.ts';
import { DerReader, derTags, enterDer, unexpected } from './der-reader.ts';
import { decodeBits, decodeBoolean, decodeTime } from './der-values.ts';
import { type ReadExtension, readAuthorityKeyId, readExtensionList } from './extensions.ts';
import { canonicalRdns, nameKey } from './names.ts';
import { extensionOids } from './oids.ts';
import { allReasons, type PointName, readPointName, readReasons } from './path-extensions.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts';

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

/** How an entry is found: by the certificate's issuer and serial number, which may have been written with bytes it does not need. */
export function entryKey(issuerKey: string, serialHex: string): string {
  return `${serialHex.replace(/^(?:00(?=[0-7].)|FF(?=[89A-F].))+/, '')}\u0000${issuerKey}`;
}

/** Reads one DER list. Throws Problem `certificate-invalid` for anything else. */
export function parseCrl(der: Uint8Array): Crl {
  if (der.length > crlBytesMax) throw malformed(`it has more than ${crlBytesMax} bytes`);
  try {
    requireDer(der, elementsMax);
    return read(Buffer.from(der));
  } catch (error) {
    const { code, message } = asProblem(error);
    // Whoever reads elements speaks of certificates.
    const why = code === 'certificate-invalid' ? message.replace(/^[^:]*: |\.$/g, '') : 'it cannot be read';
    throw malformed(why, error);
  }
}

function read(der: Buffer): Crl {
  const envelope = enterDer(der, derTags.sequence);
  const signed = envelope.read(derTags.sequence);
  const algorithm = envelope.read(derTags.sequence).whole;
  const signature = decodeBits(envelope.read(derTags.bitString).content);
  envelope.end();
  const tbs = new DerReader(signed.content);
  const version = tbs.readIf(derTags.integer)?.content;
  if (version && !version.equals(Buffer.of(1))) throw unexpected('its version is not 2');
  if (!tbs.read(derTags.sequence).whole.equals(algorithm)) throw unexpected('it names two signature algorithms');
  const issuerRdns = canonicalRdns(tbs.read(derTags.sequence).whole);
  const thisUpdate = decodeTime(tbs.read());
  const nextUpdate = isTime(tbs.nextTag) ? decodeTime(tbs.read()) : undefined;
  const revoked = tbs.readIf(derTags.sequence);
  const extensionList = tbs.readIf(0xa0);
  tbs.end();
  const extensions = new Extensions(extensionList && enterDer(extensionList.content, derTags.sequence));
  const authorityKeyId = extensions.read(extensionOids.authorityKeyIdentifier, readAuthorityKeyId);
  const number = extensions.read(extensionOids.crlNumber, readNumber);
  const baseNumber = extensions.read(extensionOids.deltaCrlIndicator, readNumber);
  const scope = extensions.read(extensionOids.issuingDistributionPoint, readScope) ?? everything;
  const { entries, unknown } = readEntries(new DerReader(revoked?.content ?? Buffer.alloc(0)), nameKey(issuerRdns));
  return {
    sha256: sha256Hex(der),
    issuerRdns,
    issuerKey: nameKey(issuerRdns),
    thisUpdate,
    ...(nextUpdate !== undefined && { nextUpdate }),
    scope,
    ...(number !== undefined && { number }),
    ...(baseNumber !== undefined && { baseNumber }),
    ...(authorityKeyId !== undefined && { authorityKeyId }),
    entries,
    unknownCriticalExtensions: [...extensions.unknownCritical(), ...unknown],
    signatureAlgorithm: readSignatureAlgorithm(algorithm),
    tbsDer: signed.whole,
    signature,
  };
}

function isTime(tag: number | undefined): boolean {
  return tag === derTags.utcTime || tag === derTags.generalizedTime;
}

const extensionsMax = 64;

/** The extensions of a list or of an entry, of which some were asked for. */
class Extensions {
  readonly #all: readonly ReadExtension[];
  readonly #known = new Set<string>();

  /** Without a list there are none. */
  constructor(list: DerReader | undefined) {
    this.#all = list ? readExtensionList(list.readRest()) : [];
    if (this.#all.length > extensionsMax) throw unexpected(`it has more than ${extensionsMax} extensions`);
    if (new Set(this.#all.map(({ oid }) => oid)).size !== this.#all.length) throw unexpected('an extension appears twice');
  }

  read<T>(oid: string, readValue: (bytes: Buffer) => T): T | undefined {
    this.#known.add(oid);
    const extension = this.#all.find((one) => one.oid === oid);
    if (!extension) return undefined;
    requireDer(extension.value);
    return readValue(extension.value);
  }

  unknownCritical(): string[] {
    return this.#all.filter(({ oid, isCritical }) => isCritical && !this.#known.has(oid)).map(({ oid }) => oid);
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

/** Adds what a list says of each certificate. */
function readEntries(
  revoked: DerReader,
  listIssuer: string,
): { entries: Map<string, RevokedEntry>; unknown: ReadonlySet<string> } {
  const entries = new Map<string, RevokedEntry>();
  const unknown = new Set<string>();
  // In an indirect list an entry without an issuer has that of the one before (RFC 5280 5.3.3).
  let issuer = listIssuer;
  while (!revoked.isAtEnd) {
    const fields = revoked.enter(derTags.sequence);
    const serialHex = fields.read(derTags.integer).content.toString('hex').toUpperCase();
    const at = decodeTime(fields.read());
    const extensions = new Extensions(fields.isAtEnd ? undefined : fields.enter(derTags.sequence));
    fields.end();
    issuer = extensions.read(extensionOids.certificateIssuer, readEntryIssuer) ?? issuer;
    const code = extensions.read(extensionOids.crlReason, (bytes) => new DerReader(bytes).read(enumeratedTag).content);
    const reason = (code?.length === 1 && reasonNames[code[0] ?? 0]) || 'no reason given';
    for (const oid of extensions.unknownCritical()) unknown.add(oid);
    entries.set(entryKey(issuer, serialHex), { at, reason });
  }
  return { entries, unknown };
}

const enumeratedTag = 0x0a;

function readEntryIssuer(bytes: Buffer): string {
  for (const names = enterDer(bytes, derTags.sequence); !names.isAtEnd; ) {
    const { tag, content } = names.read();
    if (tag === 0xa4) return nameKey(canonicalRdns(content));
  }
  throw unexpected('an entry names no issuer');
}

const everything: CrlScope = {
  onlyUserCertificates: false,
  onlyCaCertificates: false,
  onlyAttributeCertificates: false,
  reasons: allReasons,
  isIndirect: false,
};

/** IssuingDistributionPoint, RFC 5280 5.2.5. */
function readScope(bytes: Buffer): CrlScope {
  const fields = enterDer(bytes, derTags.sequence);
  const isSaid = (tag: number) => {
    const said = fields.readIf(tag);
    return said !== undefined && decodeBoolean(said.content);
  };
  const name = fields.readIf(0xa0);
  const [onlyUserCertificates, onlyCaCertificates] = [isSaid(0x81), isSaid(0x82)];
  const reasons = fields.readIf(0x83);
  const [isIndirect, onlyAttributeCertificates] = [isSaid(0x84), isSaid(0x85)];
  fields.end();
  return {
    ...(name && { name: readPointName(name.content) }),
    onlyUserCertificates,
    onlyCaCertificates,
    onlyAttributeCertificates,
    reasons: reasons ? readReasons(reasons.content) : allReasons,
    isIndirect,
  };
}

const numberBytesMax = 20;

function readNumber(bytes: Buffer): bigint {
  const { content } = new DerReader(bytes).read(derTags.integer);
  if (content.length === 0 || content.length > numberBytesMax || (content[0] ?? 0) >= 0x80)
    throw unexpected('its number is none');
  return BigInt(`0x${content.toString('hex')}`);
}

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate revocation list is malformed: ${why}.`, {
    reason: 'certificate-malformed',
    cause,
  });
}
