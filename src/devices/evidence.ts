import { CompactSign } from 'jose';
import type { Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import {
  audienceOf,
  type CertificateClaims,
  type Component,
  encodeMeasurements,
  evidenceProfile,
  evidenceType,
  ueidOf,
} from '#sphere/contract/evidence.ts';
import { type ShippedApplication, shippedComponents, shippedSystem } from '#sphere/contract/shipped-components.ts';
import type { Identity } from './key-store.ts';

/** What stays the same from one start of a board to the next. */
export type Boot = { readonly bootCount: number; readonly bootSeed: string; readonly startedMs: number };

export type EvidenceFacts = {
  readonly clock: Clock;
  readonly identity: Identity;
  readonly boot: Boot;
  readonly origin: string;
  readonly tenantId: string;
  readonly claimEpoch: number;
  readonly components: readonly Component[];
  /** Whether the device claims to know the time. */
  readonly hasTrustedClock: boolean;
};

/** The components as they are measured; the one that `tampered` names by id or type has another digest. */
export function measureComponents(application: ShippedApplication, tampered: string | undefined): Component[] {
  return shippedComponents(application).map((component) => {
    if (tampered === undefined || (component.id !== tampered && component.type !== tampered)) return component;
    const flipped = component.digest[0] === '0' ? '1' : '0';
    return { ...component, digest: flipped + component.digest.slice(1) };
  });
}

/** Evidence for one nonce, signed with the identity key (sphere.md 3.5). `binding` is what it vouches for. */
export function signEvidence(
  facts: EvidenceFacts,
  nonce: string,
  binding: { 'hp-csr': string } | { 'hp-claim': string },
): Promise<string> {
  const claims: Omit<CertificateClaims, 'hp-csr'> = {
    eat_nonce: nonce,
    ueid: ueidOf(facts.identity.deviceId),
    eat_profile: evidenceProfile,
    dbgstat: 'disabled-permanently',
    oemboot: true,
    bootcount: facts.boot.bootCount,
    bootseed: facts.boot.bootSeed,
    uptime: Math.max(0, Math.floor((facts.clock.calendar.monotonic() - facts.boot.startedMs) / secondMs)),
    swname: shippedSystem.name,
    swversion: [shippedSystem.version],
    measurements: encodeMeasurements(facts.components),
    ...(facts.hasTrustedClock ? { iat: Math.floor(facts.clock.now() / secondMs) } : {}),
    'hp-did': facts.identity.deviceId,
    'hp-aud': audienceOf(facts.origin, facts.tenantId),
    'hp-clock': facts.hasTrustedClock ? 'trusted' : 'untrusted',
    'hp-epoch': facts.claimEpoch,
  };
  return new CompactSign(Buffer.from(JSON.stringify({ ...claims, ...binding })))
    .setProtectedHeader({ alg: 'ES256', typ: evidenceType })
    .sign(facts.identity.privateKey);
}
