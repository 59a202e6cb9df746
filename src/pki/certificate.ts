import { createPublicKey, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { sha1Thumbprint, sha256Hex } from '#base/bytes.ts';
import { type Instant, instant } from '#base/instant.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { SignedEnvelope, TbsCertificate, toArrayBuffer } from './certificate-schema.ts';
import { requireDer } from './der.ts';
import { type CertificateExtensions, type KeyUsageName, readExtensions } from './extensions.ts';
import { decodeName, nameKey } from './names.ts';
import { type SignatureAlgorithm, signatureAlgorithmOf, verifySignature } from './signature-algorithm.ts';

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
  const envelope = AsnConvert.parse(toArrayBuffer(der), SignedEnvelope);
  const tbs = AsnConvert.parse(envelope.signed, TbsCertificate);
  // The outer algorithm is not signed: RFC 5280 4.1.1.2 wants it equal to the signed one.
  if (!tbs.signature.isEqual(envelope.signatureAlgorithm)) throw malformed('it names two signature algorithms');
  if (tbs.version !== 0 && tbs.version !== 2) throw malformed(`version ${tbs.version + 1} is not supported`);
  if (tbs.extensions && tbs.version !== 2) throw malformed('only version 3 has extensions');
  const spki = Buffer.from(tbs.subjectPublicKeyInfo);
  const subjectDer = Buffer.from(tbs.subject);
  const issuerDer = Buffer.from(tbs.issuer);
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
    serialHex: Buffer.from(tbs.serialNumber).toString('hex').toUpperCase(),
    notBefore: readTime(tbs.validity.notBefore.getTime()),
    notAfter: readTime(tbs.validity.notAfter.getTime()),
    sha1Thumbprint: sha1Thumbprint(der),
    sha256Thumbprint: sha256Hex(der),
    spkiSha256: sha256Hex(spki),
    publicKey,
    keyAlgorithm: keyAlgorithmOf(publicKey),
    signatureAlgorithm: signatureAlgorithmOf(tbs.signature),
    isSelfIssued: subjectKey === issuerKey,
    version: tbs.version + 1,
    tbsDer: Buffer.from(envelope.signed),
    signature: Buffer.from(envelope.signature),
    ...readExtensions(Array.from(tbs.extensions ?? [])),
  };
}

/** The library makes an invalid date of a text that is none; every comparison with that would be false, so it ends here. */
function readTime(date: { getTime(): number }): Instant {
  const ms = date.getTime();
  if (!Number.isFinite(ms)) throw malformed('a date is not one');
  return instant(ms);
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
