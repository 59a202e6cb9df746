import { AsnConvert, AsnIntegerArrayBufferConverter, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, Extensions, RevokedCertificate, Time, Validity } from '@peculiar/asn1-x509';

/**
 * X.509 as the ASN.1 library reads and writes it, with names and public keys kept as the bytes they
 * are: names are compared and copied as DER, never rebuilt from text (RFC 5280 allows several
 * encodings of one text, and chaining is by bytes). The library's decorators are called as the
 * functions they are, since this code base has no syntax that needs a transformer.
 */
export class TbsCertificate {
  version = 0;
  serialNumber = new ArrayBuffer(0);
  signature = new AlgorithmIdentifier();
  issuer = new ArrayBuffer(0);
  validity = new Validity();
  subject = new ArrayBuffer(0);
  subjectPublicKeyInfo = new ArrayBuffer(0);
  issuerUniqueId?: ArrayBuffer;
  subjectUniqueId?: ArrayBuffer;
  extensions?: Extensions;
}
AsnProp({ type: AsnPropTypes.Integer, context: 0, defaultValue: 0 })(TbsCertificate.prototype, 'version');
AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerArrayBufferConverter })(TbsCertificate.prototype, 'serialNumber');
AsnProp({ type: AlgorithmIdentifier })(TbsCertificate.prototype, 'signature');
AsnProp({ type: AsnPropTypes.Any })(TbsCertificate.prototype, 'issuer');
AsnProp({ type: Validity })(TbsCertificate.prototype, 'validity');
AsnProp({ type: AsnPropTypes.Any })(TbsCertificate.prototype, 'subject');
AsnProp({ type: AsnPropTypes.Any })(TbsCertificate.prototype, 'subjectPublicKeyInfo');
AsnProp({ type: AsnPropTypes.BitString, context: 1, implicit: true, optional: true })(TbsCertificate.prototype, 'issuerUniqueId');
AsnProp({ type: AsnPropTypes.BitString, context: 2, implicit: true, optional: true })(
  TbsCertificate.prototype,
  'subjectUniqueId',
);
AsnProp({ type: Extensions, context: 3, optional: true })(TbsCertificate.prototype, 'extensions');

/** A revocation list's inner part, version 2; without entries the sequence of them is left out (RFC 5280 5.1.2.6). */
export class TbsCertList {
  version = 1;
  signature = new AlgorithmIdentifier();
  issuer = new ArrayBuffer(0);
  thisUpdate = new Time();
  nextUpdate = new Time();
  revokedCertificates?: RevokedCertificate[];
  extensions = new Extensions();
}
AsnProp({ type: AsnPropTypes.Integer })(TbsCertList.prototype, 'version');
AsnProp({ type: AlgorithmIdentifier })(TbsCertList.prototype, 'signature');
AsnProp({ type: AsnPropTypes.Any })(TbsCertList.prototype, 'issuer');
AsnProp({ type: Time })(TbsCertList.prototype, 'thisUpdate');
AsnProp({ type: Time })(TbsCertList.prototype, 'nextUpdate');
AsnProp({ type: RevokedCertificate, repeated: 'sequence', optional: true })(TbsCertList.prototype, 'revokedCertificates');
AsnProp({ type: Extensions, context: 0 })(TbsCertList.prototype, 'extensions');

/** What certificates, requests and lists have in common: signed bytes, how they were signed, the signature. */
export class SignedEnvelope {
  signed = new ArrayBuffer(0);
  signatureAlgorithm = new AlgorithmIdentifier();
  signature = new ArrayBuffer(0);
}
AsnProp({ type: AsnPropTypes.Any })(SignedEnvelope.prototype, 'signed');
AsnProp({ type: AlgorithmIdentifier })(SignedEnvelope.prototype, 'signatureAlgorithm');
AsnProp({ type: AsnPropTypes.BitString })(SignedEnvelope.prototype, 'signature');

/** PKCS#10's inner part; requested attributes are carried over unread, since none is honoured. */
export class CertificationRequestInfo {
  version = 0;
  subject = new ArrayBuffer(0);
  subjectPublicKeyInfo = new ArrayBuffer(0);
  attributes?: ArrayBuffer;
}
AsnProp({ type: AsnPropTypes.Integer })(CertificationRequestInfo.prototype, 'version');
AsnProp({ type: AsnPropTypes.Any })(CertificationRequestInfo.prototype, 'subject');
AsnProp({ type: AsnPropTypes.Any })(CertificationRequestInfo.prototype, 'subjectPublicKeyInfo');
AsnProp({ type: AsnPropTypes.Any, optional: true })(CertificationRequestInfo.prototype, 'attributes');

/** The DER of `value`. */
export function encode(value: unknown): Buffer {
  return Buffer.from(AsnConvert.serialize(value));
}

/** A copy with a buffer of its own: the library takes whole ArrayBuffers. */
export function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
