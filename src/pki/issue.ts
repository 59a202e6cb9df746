import { createHash, type KeyObject } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AccessDescription,
  AuthorityInfoAccessSyntax,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CRLDistributionPoints,
  DistributionPoint,
  DistributionPointName,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ad_caIssuers,
  KeyIdentifier,
  KeyUsage,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  Validity,
} from '@peculiar/asn1-x509';
import { dateOf, type Instant, instant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import type { Random } from '#base/random.ts';
import { type Certificate, keyAlgorithmOf, parseCertificate } from './certificate.ts';
import { encode, SignedEnvelope, TbsCertificate, type TbsCertList, toArrayBuffer } from './certificate-schema.ts';
import { type KeyUsageName, keyUsageNames } from './extensions.ts';
import { encodeName, type NameAttribute } from './names.ts';
import { extensionOids } from './oids.ts';
import { type Profile, type ProfileName, profiles, validityOf } from './profiles.ts';
import { signBytes, signingAlgorithm } from './signature-algorithm.ts';

/** A CA and the key that signs for it. */
export type Issuer = { readonly certificate: Certificate; readonly privateKey: KeyObject };

export type IssueRequest = {
  readonly profile: ProfileName;
  /** In certificate order, least specific first: `[['O', 'Homeport'], ['CN', '…']]`. */
  readonly subject: readonly NameAttribute[];
  readonly publicKey: KeyObject;
  /** Who signs. A certificate that signs itself passes its own private key instead. */
  readonly issuer: Issuer | { readonly selfSignedWith: KeyObject };
  readonly now: Instant;
  readonly random: Random;
  /** For self-signed certificates whose owner chooses how long they last, instead of the profile. */
  readonly lifeMs?: number;
  /** DNS names and IP addresses, for servers. */
  readonly names?: readonly string[];
  /** Where the issuer's CRL and the issuer's certificate can be fetched; left out when there is no such place. */
  readonly crlUrl?: string;
  readonly issuerUrl?: string;
  /** For daily certificates: written into non-critical extensions of our own, so that peers pass over them. */
  readonly assuranceLevel?: string;
  readonly policyVersion?: string;
};

/**
 * Issues a certificate of one of our profiles. It never outlives its issuer: the end is cut to the
 * issuer's, and an issuer that has ended issues nothing (Problem `unavailable`, reason
 * `ca-unavailable`). The issuer's name is copied as DER.
 */
export async function issueCertificate(request: IssueRequest): Promise<Certificate> {
  const profile: Profile = profiles[request.profile];
  requireKey(profile, request);
  const { issuer } = request;
  const subjectDer = encodeName(request.subject, profile.hasUtf8Names ? 'utf8' : 'shortest');
  const spki = request.publicKey.export({ type: 'spki', format: 'der' });
  const tbs = new TbsCertificate();
  tbs.version = 2;
  tbs.serialNumber = toArrayBuffer(profile.hasSerialOfKey ? serialOfKey(spki) : makeSerial(request.random));
  tbs.issuer = toArrayBuffer('certificate' in issuer ? issuer.certificate.subjectDer : subjectDer);
  tbs.subject = toArrayBuffer(subjectDer);
  tbs.subjectPublicKeyInfo = toArrayBuffer(spki);
  tbs.validity = makeValidity(profile, request);
  tbs.extensions = makeExtensions(profile, request, spki);
  return parseCertificate(signStructure(tbs, 'certificate' in issuer ? issuer.privateKey : issuer.selfSignedWith));
}

/** Sets the algorithm that fits the key, signs, and wraps both. */
export function signStructure(tbs: TbsCertificate | TbsCertList, privateKey: KeyObject): Buffer {
  tbs.signature = signingAlgorithm(privateKey);
  const signed = encode(tbs);
  const envelope = new SignedEnvelope();
  envelope.signed = toArrayBuffer(signed);
  envelope.signatureAlgorithm = tbs.signature;
  envelope.signature = toArrayBuffer(signBytes(signed, privateKey));
  return encode(envelope);
}

/** 16 random bytes as a positive integer that is 16 bytes long in DER: neither negative nor shortened. */
function makeSerial(random: Random): Buffer {
  const serial = Buffer.from(random.bytes(16));
  serial[0] = (serial[0] ?? 0) & 0x7f || 1;
  return serial;
}

/** 20 bytes of a digest over the bits of the key, positive, and as short as DER wants its integers. */
function serialOfKey(spki: Buffer): Buffer {
  const { subjectPublicKey } = AsnConvert.parse(toArrayBuffer(spki), SubjectPublicKeyInfo);
  const serial = createHash('sha256').update(Buffer.from(subjectPublicKey)).digest().subarray(0, 20);
  serial[0] = (serial[0] ?? 0) & 0x7f;
  const start = serial.findIndex((byte, at) => byte !== 0 || (serial[at + 1] ?? 0x80) >= 0x80);
  return serial.subarray(start);
}

function makeValidity(profile: Profile, { issuer, now, lifeMs }: IssueRequest): Validity {
  const { notBefore, notAfter } = validityOf(profile, now, 'certificate' in issuer ? undefined : lifeMs);
  if (!('certificate' in issuer)) return new Validity({ notBefore: dateOf(notBefore), notAfter: dateOf(notAfter) });
  const ca = issuer.certificate;
  if (ca.notAfter <= now || ca.notBefore > now) {
    throw new Problem('unavailable', 'The issuing certificate is not valid at present.', { reason: 'ca-unavailable' });
  }
  return new Validity({ notBefore: dateOf(notBefore), notAfter: dateOf(instant(Math.min(notAfter, ca.notAfter))) });
}

function requireKey(profile: Profile, request: IssueRequest): void {
  const key = keyAlgorithmOf(request.publicKey);
  const name = key.kind === 'ec' ? key.curve : key.kind === 'rsa' && key.bits >= 2048 ? 'RSA' : 'other';
  if (!profile.keys.some((allowed) => allowed === name)) {
    throw new Problem('argument-invalid', `A ${request.profile} certificate is for a key of ${profile.keys.join(' or ')}.`);
  }
}

function makeExtensions(profile: Profile, request: IssueRequest, spki: Buffer): Extensions {
  const extensions: Extension[] = [];
  const add = (oid: string, value: unknown, critical = false) => extensions.push(makeExtension(oid, encode(value), critical));
  if (profile.basicConstraints) {
    const { isCa, pathLength } = profile.basicConstraints;
    add(
      extensionOids.basicConstraints,
      new BasicConstraints({ cA: isCa, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) }),
      true,
    );
  }
  if (profile.keyUsage)
    add(extensionOids.keyUsage, new KeyUsage(keyUsageBits(fittingUsages(profile.keyUsage, request.publicKey))), true);
  if (profile.purposes)
    add(extensionOids.extendedKeyUsage, new ExtendedKeyUsage([...profile.purposes.oids]), profile.purposes.critical);
  const ownKeyId = keyIdOf(spki);
  if (profile.hasSubjectKeyId) add(extensionOids.subjectKeyIdentifier, new SubjectKeyIdentifier(ownKeyId));
  if ('certificate' in request.issuer) {
    const { certificate } = request.issuer;
    add(extensionOids.authorityKeyIdentifier, authorityKeyIdentifier(certificate));
  }
  if (request.names?.length) add(extensionOids.subjectAltName, new SubjectAlternativeName(request.names.map(generalName)));
  if (request.crlUrl !== undefined) add(extensionOids.crlDistributionPoints, crlPoints(request.crlUrl));
  if (request.issuerUrl !== undefined) add(extensionOids.authorityInfoAccess, issuerAccess(request.issuerUrl));
  if (profile.hasNoRevAvail) extensions.push(makeExtension(extensionOids.noRevAvail, asnNull));
  if (request.assuranceLevel !== undefined)
    extensions.push(makeExtension(extensionOids.assuranceLevel, utf8String(request.assuranceLevel)));
  if (request.policyVersion !== undefined)
    extensions.push(makeExtension(extensionOids.policyVersion, utf8String(request.policyVersion)));
  return new Extensions(extensions);
}

/** Names the key of `issuer` as its own certificate does. */
export function authorityKeyIdentifier(issuer: Certificate): AuthorityKeyIdentifier {
  const keyId =
    issuer.subjectKeyId === undefined
      ? keyIdOf(issuer.publicKey.export({ type: 'spki', format: 'der' }))
      : toArrayBuffer(Buffer.from(issuer.subjectKeyId, 'hex'));
  return new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId) });
}

export function makeExtension(oid: string, value: Uint8Array, critical = false): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(toArrayBuffer(value)) });
}

export function keyUsageBits(names: readonly KeyUsageName[]): number {
  return names.reduce((bits, name) => bits | (1 << keyUsageNames.indexOf(name)), 0);
}

/** An elliptic-curve key cannot encipher keys, and RFC 5480 3 forbids to say so. */
function fittingUsages(usages: readonly KeyUsageName[], publicKey: KeyObject): readonly KeyUsageName[] {
  return publicKey.asymmetricKeyType === 'ec' ? usages.filter((usage) => usage !== 'keyEncipherment') : usages;
}

/** RFC 5280 4.2.1.2, method 1: SHA-1 over the bits of the key, as every other implementation computes it. */
function keyIdOf(spki: Buffer): ArrayBuffer {
  const { subjectPublicKey } = AsnConvert.parse(toArrayBuffer(spki), SubjectPublicKeyInfo);
  return toArrayBuffer(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest());
}

function generalName(name: string): GeneralName {
  const isAddress = name.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
  return isAddress ? new GeneralName({ iPAddress: name }) : new GeneralName({ dNSName: name });
}

function crlPoints(url: string): CRLDistributionPoints {
  const fullName = [new GeneralName({ uniformResourceIdentifier: url })];
  return new CRLDistributionPoints([new DistributionPoint({ distributionPoint: new DistributionPointName({ fullName }) })]);
}

function issuerAccess(url: string): AuthorityInfoAccessSyntax {
  const accessLocation = new GeneralName({ uniformResourceIdentifier: url });
  return new AuthorityInfoAccessSyntax([new AccessDescription({ accessMethod: id_ad_caIssuers, accessLocation })]);
}

const asnNull = Uint8Array.of(5, 0);

/** Short texts only: one length byte. */
function utf8String(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 127) throw new Problem('argument-invalid', 'An extension of ours holds at most 127 bytes.');
  return Buffer.concat([Uint8Array.of(0x0c, bytes.length), bytes]);
}
