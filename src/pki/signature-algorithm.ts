import { constants, type KeyObject, sign, verify } from 'node:crypto';
import { AsnConvert, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';

export type SignatureAlgorithm = {
  /** As people search for it: `ecdsa-sha384`, `rsa-sha1`, `rsa-pss-sha256`, `ed25519`, or the identifier itself. */
  readonly name: string;
  readonly keyType: 'ec' | 'rsa' | 'ed25519' | undefined;
  readonly hash: 'sha1' | 'sha256' | 'sha384' | 'sha512' | undefined;
  readonly saltLength?: number;
};

const byOid: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.10045.4.1': { name: 'ecdsa-sha1', keyType: 'ec', hash: 'sha1' },
  '1.2.840.10045.4.3.2': { name: 'ecdsa-sha256', keyType: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { name: 'ecdsa-sha384', keyType: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { name: 'ecdsa-sha512', keyType: 'ec', hash: 'sha512' },
  '1.2.840.113549.1.1.5': { name: 'rsa-sha1', keyType: 'rsa', hash: 'sha1' },
  '1.2.840.113549.1.1.11': { name: 'rsa-sha256', keyType: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { name: 'rsa-sha384', keyType: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { name: 'rsa-sha512', keyType: 'rsa', hash: 'sha512' },
  '1.3.101.112': { name: 'ed25519', keyType: 'ed25519', hash: undefined },
};
const pssOid = '1.2.840.113549.1.1.10';
const pssHashes: Readonly<Record<string, SignatureAlgorithm['hash']>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const pssSaltLengthMax = 64;

class PssParameters {
  hash?: AlgorithmIdentifier;
  mask?: AlgorithmIdentifier;
  saltLength = 20;
  trailer = 1;
}
AsnProp({ type: AlgorithmIdentifier, context: 0, optional: true })(PssParameters.prototype, 'hash');
AsnProp({ type: AlgorithmIdentifier, context: 1, optional: true })(PssParameters.prototype, 'mask');
AsnProp({ type: AsnPropTypes.Integer, context: 2, defaultValue: 20 })(PssParameters.prototype, 'saltLength');
AsnProp({ type: AsnPropTypes.Integer, context: 3, defaultValue: 1 })(PssParameters.prototype, 'trailer');

/** What `identifier` names; an algorithm we do not know keeps its number and has no key type, so nothing verifies under it. */
export function signatureAlgorithmOf(identifier: AlgorithmIdentifier): SignatureAlgorithm {
  const known = byOid[identifier.algorithm];
  if (known) return known;
  if (identifier.algorithm === pssOid && identifier.parameters) {
    const parameters = AsnConvert.parse(identifier.parameters, PssParameters);
    const hash = pssHashes[parameters.hash?.algorithm ?? ''];
    if (hash && parameters.saltLength >= 0 && parameters.saltLength <= pssSaltLengthMax) {
      return { name: `rsa-pss-${hash}`, keyType: 'rsa', hash, saltLength: parameters.saltLength };
    }
  }
  return { name: identifier.algorithm, keyType: undefined, hash: undefined };
}

/** What was read, by the bytes of its identifier; a fleet uses a handful. */
const readBefore = new Map<string, SignatureAlgorithm>();
const readBeforeMax = 64;

/** signatureAlgorithmOf the identifier that `der` encodes. */
export function readSignatureAlgorithm(der: Buffer): SignatureAlgorithm {
  const key = der.toString('latin1');
  const known = readBefore.get(key);
  if (known) return known;
  const algorithm = signatureAlgorithmOf(AsnConvert.parse(Uint8Array.from(der).buffer, AlgorithmIdentifier));
  if (readBefore.size < readBeforeMax) readBefore.set(key, algorithm);
  return algorithm;
}

/** Whether the algorithm is one that collisions cannot be found for: SHA-2 based, or Ed25519. */
export function isStrong(algorithm: SignatureAlgorithm): boolean {
  return algorithm.keyType !== undefined && algorithm.hash !== 'sha1';
}

/** Whether `signature` over `signed` verifies; false, never an error, for whatever does not fit together. */
export function verifySignature(input: {
  algorithm: SignatureAlgorithm;
  publicKey: KeyObject;
  signed: Uint8Array;
  signature: Uint8Array;
}): boolean {
  const { algorithm, publicKey, signed, signature } = input;
  const keyType = publicKey.asymmetricKeyType === 'rsa-pss' ? 'rsa' : publicKey.asymmetricKeyType;
  if (algorithm.keyType === undefined || algorithm.keyType !== keyType) return false;
  try {
    const padding =
      algorithm.saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltLength };
    return verify(algorithm.hash ?? null, signed, { key: publicKey, ...padding }, signature);
  } catch {
    return false;
  }
}

/** The algorithm we sign with under `privateKey`: SHA-384 for P-384, SHA-256 for P-256 and RSA. */
export function signingAlgorithm(privateKey: KeyObject): AlgorithmIdentifier {
  if (privateKey.asymmetricKeyType === 'rsa') {
    return new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: asnNull });
  }
  const isP384 = privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1';
  return new AlgorithmIdentifier({ algorithm: isP384 ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2' });
}

/** Signs `bytes` with the algorithm that signingAlgorithm names. */
export function signBytes(bytes: Uint8Array, privateKey: KeyObject): Buffer {
  return sign(signatureAlgorithmOf(signingAlgorithm(privateKey)).hash ?? null, bytes, privateKey);
}

/** RSA algorithm identifiers carry an explicit NULL (RFC 4055). */
const asnNull = Uint8Array.of(5, 0).buffer;
