import { createPublicKey, type KeyObject } from 'node:crypto';
import { sha1Thumbprint, sha256Hex } from '#base/bytes.ts';
import type { Instant } from '#base/instant.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { requireDer } from './der.ts';
import { type DerElement, DerReader, derTags, enterDer } from './der-reader.ts';
import { decodeBits, decodeTime } from './der-values.ts';
import { type CertificateExtensions, type KeyUsageName, readExtensionList, readExtensions } from './extensions.ts';
import { decodeName, nameKey } from './names.ts';
import { readSignatureAlgorithm, type SignatureAlgorithm, verifySignature } from './signature-algorithm.ts';

export type { KeyUsageName };

/** What fits into any certificate file we accept (sphere.md 2.3). */
export const certificateBytesMax = 16 * 1024;

export type KeyAlgorithm =
  | { readonly kind: 'ec'; readonly curve: string }
  | { readonly kind: 'rsa'; readonly bits: number }
  | { readonly kind: 'other'; readonly name: string };

/** A certificate as we need to see it. Nothing here has been verified: parsing believes what it reads. */
export type Certificate = CertificateExtensions & {
  readonly der: Buffer;
  /** 'CN=…, O=…', most specific first, for people; decisions use the DER or `commonNames`. */
  readonly subject: string;
  readonly issuer: string;
  readonly subjectDer: Buffer;
  readonly issuerDer: Buffer;
  /** For comparing names and their parts by RFC 5280 7.1; see canonicalRdns. */
  readonly subjectRdns: readonly string[];
  readonly subjectKey: string;
  readonly issuerKey: string;
  /** E-mail addresses in the subject. */
  readonly subjectEmails: readonly string[];
  readonly commonNames: readonly string[];
  /** How many attributes the subject has, common names included. */
  readonly subjectAttributeCount: number;
  /** Upper-case hex of the DER integer, a leading 00 included. */
  readonly serialHex: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** Upper-case hex: an identifier, never a security decision alone. */
  readonly sha1Thumbprint: string;
  /** Lower-case hex. */
  readonly sha256Thumbprint: string;
  /** Lower-case SHA-256 of the SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
  readonly publicKey: KeyObject;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Issuer and subject are the same name; says nothing about who signed. */
  readonly isSelfIssued: boolean;
  /** 1 or 3. */
  readonly version: number;
  /** The signed bytes and the signature over them, for isSignedBy. */
  readonly tbsDer: Buffer;
  readonly signature: Buffer;
};

/**
 * Reads one DER certificate. Throws Problem `certificate-invalid` for anything else: trailing bytes,
 * indefinite lengths, extensions twice or in a version that has none, a key that cannot be read.
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > certificateBytesMax) throw malformed(`it has more than ${certificateBytesMax} bytes`);
  try {
    requireDer(der);
    return read(Buffer.from(der));
  } catch (error) {
    const problem = asProblem(error);
    throw problem.code === 'certificate-invalid' ? problem : malformed('it is not an X.509 certificate', error);
  }
}

/** Whether `issuer`'s key made the signature on `certificate`. Names, dates and constraints are chain.ts's business. */
export function isSignedBy(certificate: Certificate, issuer: Pick<Certificate, 'publicKey'>): boolean {
  return verifySignature({
    algorithm: certificate.signatureAlgorithm,
    publicKey: issuer.publicKey,
    signed: certificate.tbsDer,
    signature: certificate.signature,
  });
}

function read(der: Buffer): Certificate {
  const envelope = enterDer(der, derTags.sequence);
  const signed = envelope.read(derTags.sequence);
  const algorithm = envelope.read(derTags.sequence).whole;
  const signature = decodeBits(envelope.read(derTags.bitString).content);
  envelope.end();
  const tbs = new DerReader(signed.content);
  const version = readVersion(tbs.readIf(contextTag(0)));
  const serial = tbs.read(derTags.integer).content;
  // The outer algorithm is not signed: RFC 5280 4.1.1.2 wants it equal to the signed one.
  if (!tbs.read(derTags.sequence).whole.equals(algorithm)) throw malformed('it names two signature algorithms');
  const issuerDer = tbs.read(derTags.sequence).whole;
  const validity = tbs.enter(derTags.sequence);
  const [notBefore, notAfter] = [decodeTime(validity.read()), decodeTime(validity.read())];
  validity.end();
  const subjectDer = tbs.read(derTags.sequence).whole;
  const spki = tbs.read(derTags.sequence).whole;
  // Unique identifiers, which nobody writes any more.
  tbs.readIf(0x81);
  tbs.readIf(0x82);
  const extensions = tbs.readIf(contextTag(3));
  tbs.end();
  if (extensions && version !== 3) throw malformed('only version 3 has extensions');
  const subject = decodeName(subjectDer);
  const issuer = decodeName(issuerDer);
  const [subjectKey, issuerKey] = [nameKey(subject.rdns), nameKey(issuer.rdns)];
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return {
    der,
    subject: subject.text,
    issuer: issuer.text,
    subjectDer,
    issuerDer,
    subjectRdns: subject.rdns,
    subjectKey,
    issuerKey,
    subjectEmails: subject.emails,
    commonNames: subject.commonNames,
    subjectAttributeCount: subject.attributeCount,
    serialHex: serial.toString('hex').toUpperCase(),
    notBefore,
    notAfter,
    sha1Thumbprint: sha1Thumbprint(der),
    sha256Thumbprint: sha256Hex(der),
    spkiSha256: sha256Hex(spki),
    publicKey,
    keyAlgorithm: keyAlgorithmOf(publicKey),
    signatureAlgorithm: readSignatureAlgorithm(algorithm),
    isSelfIssued: subjectKey === issuerKey,
    version,
    tbsDer: signed.whole,
    signature,
    ...readExtensions(extensions ? readExtensionList(enterOnly(extensions.content, derTags.sequence).content) : []),
  };
}

/** Explicit tags of the fields that a certificate may leave out. */
function contextTag(number: number): number {
  return 0xa0 + number;
}

/** 1 or 3; version 2 has never been used. */
function readVersion(element: DerElement | undefined): number {
  if (!element) return 1;
  const { content } = enterOnly(element.content, derTags.integer);
  const version = content.length === 1 ? (content[0] ?? 0) + 1 : 0;
  if (version !== 1 && version !== 3) throw malformed(`version ${version} is not supported`);
  return version;
}

function enterOnly(content: Buffer, tag: number): DerElement {
  const reader = new DerReader(content);
  const element = reader.read(tag);
  reader.end();
  return element;
}

export function keyAlgorithmOf(publicKey: KeyObject): KeyAlgorithm {
  const type = publicKey.asymmetricKeyType;
  const details = publicKey.asymmetricKeyDetails;
  if (type === 'ec') return { kind: 'ec', curve: curveNames[details?.namedCurve ?? ''] ?? details?.namedCurve ?? 'explicit' };
  if (type === 'rsa' || type === 'rsa-pss') return { kind: 'rsa', bits: details?.modulusLength ?? 0 };
  return { kind: 'other', name: String(type) };
}

const curveNames: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate is malformed: ${why}.`, { reason: 'certificate-malformed', cause });
}
