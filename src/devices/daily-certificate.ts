import { X509Certificate } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { createCsr } from '#pki/csr.ts';
import { exportPrivateKeyPem, generateEcKey, importPrivateKeyPem } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { parsePkcs7Chain } from '#pki/pkcs7.ts';
import { bindingOf } from '#sphere/contract/evidence.ts';
import type { AttestationClient } from './attestation-client.ts';
import type { ClientIdentity } from './connection.ts';
import { type EvidenceFacts, signEvidence } from './evidence.ts';
import type { StoredLeaf } from './key-store.ts';

/** A daily certificate ready for a handshake. */
export type DailyCertificate = ClientIdentity & {
  readonly notAfterMs: number;
  /** Upper-case SHA-1, as logs and the hub show it. */
  readonly thumbprint: string;
};

/** Asks for a new daily certificate: a fresh key, a fresh nonce, evidence that binds both (sphere.md 3.5, 3.6). */
export async function requestLeaf(client: AttestationClient, facts: EvidenceFacts): Promise<StoredLeaf> {
  const { deviceId } = facts.identity;
  await client.checkConfiguration();
  const keyPair = generateEcKey('P-256');
  const csr = await createCsr({ subject: [['CN', deviceId]], keyPair });
  const nonce = await client.requestNonce(deviceId, facts.tenantId);
  const evidence = await signEvidence(facts, nonce, { 'hp-csr': bindingOf(csr) });
  const reply = await client.requestCertificate({
    deviceId,
    tenantId: facts.tenantId,
    evidence,
    csr: csr.toString('base64'),
  });
  return {
    leafDer: Buffer.from(reply.certificate, 'base64'),
    chainDer: Buffer.from(reply.chain, 'base64'),
    privateKeyPem: exportPrivateKeyPem(keyPair.privateKey),
  };
}

/**
 * A stored leaf as something to connect with; undefined when it is expired, belongs to another key or
 * another device, or cannot be read: then it is discarded (sphere.md 3.9).
 */
export function usableLeaf(
  stored: StoredLeaf,
  deviceId: string,
  clock: Clock,
  /** An attack: a leaf kept past its day. */
  options: { ignoresExpiry?: boolean } = {},
): DailyCertificate | undefined {
  try {
    const leaf = new X509Certificate(stored.leafDer);
    const notAfterMs = Date.parse(leaf.validTo);
    const isOurs =
      leaf.subject === `CN=${deviceId}` && leaf.checkPrivateKey(importPrivateKeyPem(stored.privateKeyPem).privateKey);
    if (!isOurs || !(options.ignoresExpiry || notAfterMs > clock.now())) return undefined;
    // Leaf first, then the tenant CA that signed it; nobody needs what is above.
    const issuers = parsePkcs7Chain(stored.chainDer).filter((der) => leaf.checkIssued(new X509Certificate(der)));
    return {
      certificatePem: [stored.leafDer, ...issuers].map((der) => toPem('CERTIFICATE', der)).join(''),
      privateKeyPem: stored.privateKeyPem,
      notAfterMs,
      thumbprint: leaf.fingerprint.replaceAll(':', ''),
    };
  } catch {
    return undefined;
  }
}
