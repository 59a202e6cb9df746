import { createPublicKey, type KeyObject } from 'node:crypto';
import { AsnConvert } from '@peculiar/asn1-schema';
import { sha256Hex } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import { CertificationRequestInfo, encode, SignedEnvelope, toArrayBuffer } from './certificate-schema.ts';
import { requireDer } from './der.ts';
import type { KeyPair } from './key.ts';
import { decodeName, encodeName, type NameAttribute } from './names.ts';
import { signatureAlgorithmOf, signBytes, signingAlgorithm, verifySignature } from './signature-algorithm.ts';

/** sphere.md 3.6. */
export const csrBytesMax = 4 * 1024;

export type CertificateRequest = {
  readonly der: Buffer;
  readonly commonNames: readonly string[];
  readonly subjectAttributeCount: number;
  readonly publicKey: KeyObject;
  /** Lower-case SHA-256 of the SubjectPublicKeyInfo. */
  readonly spkiSha256: string;
  /** Whether the requester holds the private key. */
  readonly isSignatureValid: boolean;
};

/**
 * Reads a PKCS#10 request. What it asks for beside its name and key is not even decoded, because it
 * is not honoured. Throws Problem `certificate-invalid`, reason `csr-invalid`.
 */
export function parseCsr(der: Uint8Array): CertificateRequest {
  if (der.length > csrBytesMax) throw invalid(`it has more than ${csrBytesMax} bytes`);
  try {
    requireDer(der);
    return read(Buffer.from(der));
  } catch (cause) {
    throw invalid('it is not a PKCS#10 request', cause);
  }
}

/** A request for a certificate of `subject`, signed with the key it is for. */
export async function createCsr(input: { subject: readonly NameAttribute[]; keyPair: KeyPair }): Promise<Buffer> {
  const { privateKey, publicKey } = input.keyPair;
  const info = new CertificationRequestInfo();
  info.subject = toArrayBuffer(encodeName(input.subject));
  info.subjectPublicKeyInfo = toArrayBuffer(publicKey.export({ type: 'spki', format: 'der' }));
  // The attributes are an implicitly tagged set and may not be left out, only be empty (RFC 2986 4.1).
  info.attributes = Uint8Array.of(0xa0, 0).buffer;
  const signed = encode(info);
  const envelope = new SignedEnvelope();
  envelope.signed = toArrayBuffer(signed);
  envelope.signatureAlgorithm = signingAlgorithm(privateKey);
  envelope.signature = toArrayBuffer(signBytes(signed, privateKey));
  return encode(envelope);
}

function read(der: Buffer): CertificateRequest {
  const envelope = AsnConvert.parse(toArrayBuffer(der), SignedEnvelope);
  const info = AsnConvert.parse(envelope.signed, CertificationRequestInfo);
  const spki = Buffer.from(info.subjectPublicKeyInfo);
  const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const { commonNames, attributeCount } = decodeName(Buffer.from(info.subject));
  return {
    der,
    commonNames,
    subjectAttributeCount: attributeCount,
    publicKey,
    spkiSha256: sha256Hex(spki),
    isSignatureValid: verifySignature({
      algorithm: signatureAlgorithmOf(envelope.signatureAlgorithm),
      publicKey,
      signed: Buffer.from(envelope.signed),
      signature: Buffer.from(envelope.signature),
    }),
  };
}

function invalid(why: string, cause?: unknown): Problem {
  return new Problem('certificate-invalid', `The certificate request is refused: ${why}.`, { reason: 'csr-invalid', cause });
}
