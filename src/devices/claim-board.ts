import { bindingOf } from '#sphere/contract/evidence.ts';
import type { AttestationClient } from './attestation-client.ts';
import { type EvidenceFacts, signEvidence } from './evidence.ts';

/** Claims by possession: the board signs the claim code together with a nonce and posts it itself (sphere.md 1.2). */
export async function postClaim(
  client: AttestationClient,
  facts: EvidenceFacts,
  claimCode: string,
): Promise<{ claimEpoch: number; changed: boolean }> {
  const { deviceId } = facts.identity;
  await client.checkConfiguration();
  const nonce = await client.requestNonce(deviceId, facts.tenantId);
  const evidence = await signEvidence(facts, nonce, { 'hp-claim': bindingOf(claimCode) });
  return client.claim({ deviceId, tenantId: facts.tenantId, claimCode, evidence });
}
