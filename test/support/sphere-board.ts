import { CompactSign } from 'jose';
import { createCsr } from '#pki/csr.ts';
import { deviceIdOf, generateEcKey, type KeyPair } from '#pki/key.ts';
import {
  audienceOf,
  bindingOf,
  type CertificateClaims,
  type ClaimClaims,
  type Component,
  encodeMeasurements,
  evidenceProfile,
  ueidOf,
} from '#sphere/contract/evidence.ts';
import { shippedComponents, shippedSystem } from '#sphere/contract/shipped-components.ts';

type Overrides = Record<string, unknown>;
type Signing = { key?: KeyPair['privateKey'] | Uint8Array; header?: Record<string, unknown> };

/** A device as a test holds it: its identity key, and evidence as honest or as crooked as asked for. */
export class TestBoard {
  readonly identity = generateEcKey('P-256');
  readonly deviceId = deviceIdOf(this.identity.publicKey);
  readonly origin: string;
  bootCount = 1;
  bootSeed = Buffer.alloc(32, 1);
  claimEpoch = 1;
  components: Component[] = shippedComponents('d1');

  constructor(origin: string) {
    this.origin = origin;
  }

  /** A fresh key pair and a request for it. */
  async makeCsr(input: { commonName?: string; keyPair?: KeyPair } = {}): Promise<{ csr: Buffer; keyPair: KeyPair }> {
    const keyPair = input.keyPair ?? generateEcKey('P-256');
    return { csr: await createCsr({ subject: [['CN', input.commonName ?? this.deviceId]], keyPair }), keyPair };
  }

  certificateEvidence(about: { nonce: string; tenantId: string; csr: Buffer }, overrides: Overrides = {}, signing: Signing = {}) {
    const claims: CertificateClaims = { ...this.#claims(about), 'hp-csr': bindingOf(about.csr) };
    return this.sign({ ...claims, ...overrides }, signing);
  }

  claimEvidence(about: { nonce: string; tenantId: string; claimCode: string }, overrides: Overrides = {}, signing: Signing = {}) {
    const claims: ClaimClaims = { ...this.#claims(about), 'hp-epoch': 0, 'hp-claim': bindingOf(about.claimCode) };
    return this.sign({ ...claims, ...overrides }, signing);
  }

  sign(payload: unknown, { key = this.identity.privateKey, header = {} }: Signing = {}): Promise<string> {
    return new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ alg: 'ES256', typ: 'eat+jwt', ...header })
      .sign(key, { crit: { 'x-hp': true } });
  }

  #claims({ nonce, tenantId }: { nonce: string; tenantId: string }) {
    return {
      eat_nonce: nonce,
      ueid: ueidOf(this.deviceId),
      eat_profile: evidenceProfile,
      dbgstat: 'disabled' as const,
      bootcount: this.bootCount,
      bootseed: this.bootSeed.toString('base64url'),
      swname: shippedSystem.name,
      swversion: [shippedSystem.version] as [string],
      measurements: encodeMeasurements(this.components),
      'hp-did': this.deviceId,
      'hp-aud': audienceOf(this.origin, tenantId),
      'hp-clock': 'untrusted' as const,
      'hp-epoch': this.claimEpoch,
    };
  }
}
