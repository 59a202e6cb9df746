import { generateKeyPairSync, sign } from 'node:crypto';
import {
  AlgorithmIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  type Extension,
  Extensions,
  KeyUsage,
  Validity,
} from '@peculiar/asn1-x509';
import { dateOf, dayMs, hourMs, type Instant, instant, minuteMs, plus } from '#base/instant.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { encode, SignedEnvelope, TbsCertificate, toArrayBuffer } from '#pki/certificate-schema.ts';
import type { KeyUsageName } from '#pki/extensions.ts';
import { type Issuer, issueCertificate, keyUsageBits, makeExtension, signStructure } from '#pki/issue.ts';
import { deviceIdOf, generateEcKey, type KeyPair } from '#pki/key.ts';
import { encodeName, type NameAttribute } from '#pki/names.ts';
import { extensionOids } from '#pki/oids.ts';
import { toPem } from '#pki/pem.ts';
import { spherePolicySubject, sphereRootSubject, sphereTenantSubject } from '#pki/profiles.ts';
import { seededRandom } from './seeded-random.ts';

/** The instant at which ManualClock starts; certificates made here are valid around it unless told otherwise. */
export const testNow: Instant = instant(Date.UTC(2026, 5, 1));

/** A certificate and its key: good as an issuer for the next one. */
export type TestCertificate = Issuer & { readonly publicKey: KeyPair['publicKey']; readonly der: Buffer; readonly pem: string };

export type OddRequest = {
  /** Certificate order; default one CN `device-1`. */
  subject?: readonly NameAttribute[];
  /** The name's DER instead, for what encodeName cannot say. */
  subjectDer?: Buffer;
  /** Absent: signs itself. */
  issuer?: Issuer;
  /** Another name than the issuer has. */
  issuerDer?: Buffer;
  key?: KeyPair;
  notBefore?: Instant;
  notAfter?: Instant;
  basicConstraints?: { isCa: boolean; pathLength?: number };
  keyUsage?: readonly KeyUsageName[];
  purposes?: { oids: readonly string[]; critical?: boolean };
  extensions?: readonly Extension[];
  /** Another hash than fits the key: SHA-1 for what must be refused. */
  hash?: 'sha1';
  serial?: Buffer;
};

const random = seededRandom('certificates');

/** Makes exactly the certificate asked for, sensible or not: no extension that was not named, no check of anything. */
export function makeCertificate(request: OddRequest = {}): TestCertificate {
  const key = request.key ?? generateEcKey('P-256');
  const subject = toArrayBuffer(request.subjectDer ?? encodeName(request.subject ?? [['CN', 'device-1']]));
  const tbs = new TbsCertificate();
  tbs.serialNumber = toArrayBuffer(request.serial ?? Buffer.concat([Buffer.of(1), random.bytes(15)]));
  tbs.issuer = request.issuerDer
    ? toArrayBuffer(request.issuerDer)
    : request.issuer
      ? toArrayBuffer(request.issuer.certificate.subjectDer)
      : subject;
  tbs.subject = subject;
  tbs.subjectPublicKeyInfo = toArrayBuffer(key.publicKey.export({ type: 'spki', format: 'der' }));
  tbs.validity = new Validity({
    notBefore: dateOf(request.notBefore ?? plus(testNow, -hourMs)),
    notAfter: dateOf(request.notAfter ?? plus(testNow, dayMs)),
  });
  const extensions = oddExtensions(request);
  if (extensions.length > 0) {
    tbs.version = 2;
    tbs.extensions = new Extensions(extensions);
  }
  const signer = request.issuer?.privateKey ?? key.privateKey;
  const der = request.hash === 'sha1' ? signWithSha1(tbs, signer) : signStructure(tbs, signer);
  return wrap(der, key);
}

function oddExtensions(request: OddRequest): Extension[] {
  const { basicConstraints, keyUsage, purposes } = request;
  const extensions: Extension[] = [];
  if (basicConstraints) {
    const { isCa: cA, pathLength } = basicConstraints;
    const value = new BasicConstraints({ cA, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) });
    extensions.push(makeExtension(extensionOids.basicConstraints, encode(value), true));
  }
  if (keyUsage) extensions.push(makeExtension(extensionOids.keyUsage, encode(new KeyUsage(keyUsageBits(keyUsage))), true));
  if (purposes) {
    extensions.push(
      makeExtension(extensionOids.extendedKeyUsage, encode(new ExtendedKeyUsage([...purposes.oids])), purposes.critical ?? false),
    );
  }
  return [...extensions, ...(request.extensions ?? [])];
}

function signWithSha1(tbs: TbsCertificate, privateKey: KeyPair['privateKey']): Buffer {
  const isEc = privateKey.asymmetricKeyType === 'ec';
  tbs.signature = isEc
    ? new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.1' })
    : new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.5', parameters: Uint8Array.of(5, 0).buffer });
  const signed = encode(tbs);
  const envelope = new SignedEnvelope();
  envelope.signed = toArrayBuffer(signed);
  envelope.signatureAlgorithm = tbs.signature;
  envelope.signature = toArrayBuffer(sign('sha1', signed, privateKey));
  return encode(envelope);
}

function wrap(der: Buffer, key: KeyPair): TestCertificate {
  return {
    certificate: parseCertificate(der),
    privateKey: key.privateKey,
    publicKey: key.publicKey,
    der,
    pem: toPem('CERTIFICATE', der),
  };
}

export function rsaKey(bits: number): KeyPair {
  return generateKeyPairSync('rsa', { modulusLength: bits });
}

/** A plain CA of the kind customers make with OpenSSL. */
export function makeCa(request: OddRequest & { name?: string } = {}): TestCertificate {
  const { name = 'Test CA', ...rest } = request;
  return makeCertificate({
    subject: [['CN', name]],
    notAfter: plus(testNow, 365 * dayMs),
    basicConstraints: { isCa: true },
    keyUsage: ['keyCertSign', 'cRLSign'],
    ...rest,
  });
}

/** A leaf that passes everything, unless `request` says otherwise. */
export function makeLeaf(request: OddRequest & { issuer: Issuer; name?: string }): TestCertificate {
  const { name = 'device-1', ...rest } = request;
  return makeCertificate({
    subject: [['CN', name]],
    basicConstraints: { isCa: false },
    keyUsage: ['digitalSignature'],
    purposes: { oids: ['1.3.6.1.5.5.7.3.2'] },
    ...rest,
  });
}

/** Self-signed as thin-edge makes it: CA:TRUE and no usages (thin-edge.md). */
export function makeSelfSigned(name = 'device-1', request: OddRequest = {}): TestCertificate {
  return makeCertificate({ subject: [['CN', name]], basicConstraints: { isCa: true }, ...request });
}

/** A tenant CA as the original issues it: no SKI, no AKI, no path length, no EKU (sphere.md 2.1). */
export function makeOriginalTenantCa(request: OddRequest = {}): TestCertificate {
  return makeCertificate({
    subject: [
      ['C', 'US'],
      ['ST', 'WA'],
      ['L', 'Redmond'],
      ['O', 'Microsoft Corporation'],
      ['CN', 'Microsoft Azure Sphere 3d2f3a2c-6f0e-4d52-9a42-6f0f9a1c0c11'],
    ],
    key: generateEcKey('P-384'),
    notBefore: plus(testNow, -3 * hourMs),
    notAfter: plus(testNow, 730 * dayMs - 3 * hourMs),
    basicConstraints: { isCa: true },
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    ...request,
  });
}

/** A proof as the original issues it: encipherOnly, a critical empty EKU, 65 minutes (sphere.md 2.1). */
export function makeOriginalProof(issuer: Issuer, code: string, request: OddRequest = {}): TestCertificate {
  return makeCertificate({
    subject: [['CN', code]],
    issuer,
    key: generateEcKey('P-384'),
    notBefore: plus(testNow, -5 * minuteMs),
    notAfter: plus(testNow, hourMs),
    keyUsage: ['encipherOnly'],
    purposes: { oids: [], critical: true },
    ...request,
  });
}

/** Root, policy and tenant CA in Homeport's own profiles. */
export async function makeSphereAuthorities(
  options: { now?: Instant; tenantId?: string; root?: TestCertificate; policy?: TestCertificate } = {},
) {
  const now = options.now ?? testNow;
  const operator = 'Test Operator';
  const root = options.root ?? (await issueSelf('sphere-root', sphereRootSubject({ operator, year: 2026 }), now));
  const policy = options.policy ?? (await issueFrom(root, 'sphere-policy', spherePolicySubject({ operator, year: 2026 }), now));
  const tenantId = options.tenantId ?? random.uuid();
  const tenant = await issueFrom(policy, 'sphere-tenant', sphereTenantSubject({ operator, tenantId }), now);
  return { root, policy, tenant, tenantId };
}

/** A daily leaf for a new device, or for the device of `deviceId`. */
export async function makeDailyLeaf(tenant: Issuer, options: { deviceId?: string; now?: Instant; key?: KeyPair } = {}) {
  const deviceId = options.deviceId ?? deviceIdOf(generateEcKey('P-256').publicKey);
  const key = options.key ?? generateEcKey('P-256');
  const leaf = await issueFrom(tenant, 'sphere-leaf', [['CN', deviceId]], options.now ?? testNow, key);
  return { deviceId, leaf };
}

/** A proof of Homeport's own profile. */
export function makeProof(tenant: Issuer, code: string, now: Instant = testNow): Promise<TestCertificate> {
  return issueFrom(tenant, 'sphere-proof', [['CN', code]], now);
}

async function issueSelf(profile: 'sphere-root', subject: NameAttribute[], now: Instant): Promise<TestCertificate> {
  const key = generateEcKey('P-384');
  return complete(
    await issueCertificate({
      profile,
      subject,
      publicKey: key.publicKey,
      issuer: { selfSignedWith: key.privateKey },
      now,
      random,
    }),
    key,
  );
}

async function issueFrom(
  issuer: Issuer,
  profile: 'sphere-policy' | 'sphere-tenant' | 'sphere-leaf' | 'sphere-proof',
  subject: readonly NameAttribute[],
  now: Instant,
  key: KeyPair = generateEcKey('P-384'),
): Promise<TestCertificate> {
  return complete(await issueCertificate({ profile, subject, publicKey: key.publicKey, issuer, now, random }), key);
}

function complete(certificate: Certificate, key: KeyPair): TestCertificate {
  return { certificate, ...key, der: certificate.der, pem: toPem('CERTIFICATE', certificate.der) };
}
