import { AsnConvert } from '@peculiar/asn1-schema';
import { CRLReason, type Extension, Name, RevokedCertificate, TBSCertList, Time, Version } from '@peculiar/asn1-x509';
import { dateOf, dayMs, hourMs, type Instant, plus } from '#base/instant.ts';
import type { Certificate } from '#pki/certificate.ts';
import { encode, SignedEnvelope, toArrayBuffer } from '#pki/certificate-schema.ts';
import { type Issuer, makeExtension } from '#pki/issue.ts';
import { extensionOids } from '#pki/oids.ts';
import { signBytes, signingAlgorithm } from '#pki/signature-algorithm.ts';
import { testNow } from './certificates.ts';

export type ListRequest = {
  issuer: Issuer;
  revoked?: readonly Pick<Certificate, 'serialHex'>[];
  thisUpdate?: Instant;
  /** `none` leaves it out. */
  nextUpdate?: Instant | 'none';
  number?: number;
  extensions?: readonly Extension[];
  /** Signs in the issuer's place. */
  signedBy?: Issuer;
};

/** Makes exactly the revocation list asked for, as DER: by the names of the issuer, and without a check of anything. */
export function makeRevocationList(request: ListRequest): Buffer {
  const { issuer, revoked = [], thisUpdate = plus(testNow, -hourMs), nextUpdate = plus(testNow, 7 * dayMs) } = request;
  const { privateKey } = request.signedBy ?? issuer;
  const extensions = [...(request.extensions ?? [])];
  if (request.number !== undefined) {
    extensions.push(makeExtension(extensionOids.crlNumber, Buffer.of(2, 2, request.number >> 8, request.number & 0xff)));
  }
  const tbs = new TBSCertList({
    version: Version.v2,
    signature: signingAlgorithm(privateKey),
    issuer: AsnConvert.parse(toArrayBuffer(issuer.certificate.subjectDer), Name),
    thisUpdate: new Time(dateOf(thisUpdate)),
    ...(nextUpdate !== 'none' && { nextUpdate: new Time(dateOf(nextUpdate)) }),
    ...(revoked.length > 0 && { revokedCertificates: revoked.map(({ serialHex }) => entryOf(serialHex, thisUpdate)) }),
    ...(extensions.length > 0 && { crlExtensions: extensions }),
  });
  const signed = encode(tbs);
  const envelope = new SignedEnvelope();
  envelope.signed = toArrayBuffer(signed);
  envelope.signatureAlgorithm = tbs.signature;
  envelope.signature = toArrayBuffer(signBytes(signed, privateKey));
  return encode(envelope);
}

const keyCompromise = 1;

function entryOf(serialHex: string, at: Instant): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: toArrayBuffer(Buffer.from(serialHex, 'hex')),
    revocationDate: new Time(dateOf(at)),
    crlEntryExtensions: [makeExtension(extensionOids.crlReason, encode(new CRLReason(keyCompromise)))],
  });
}
