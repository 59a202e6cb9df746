import { sha256Hex } from '#base/bytes.ts';
import type { AttestationRooms } from '#sphere/attestation/issue-daily-certificate.ts';
import { type Outcome, refuseOutcome } from '#sphere/attestation/outcome.ts';
import { proveDevice, refused } from '#sphere/attestation/prove-device.ts';
import { readEvidence } from '#sphere/attestation/read-evidence.ts';
import type { ClaimReply, ClaimRequest } from '#sphere/contract/attestation.ts';
import { claimClaimsSchema } from '#sphere/contract/evidence.ts';
import { retryAfterSecondsOf } from '#sphere/limits/sphere-limits.ts';
import { inTransaction } from '#storage/transaction.ts';
import type { RefusalReason } from '#trust/verdict.ts';
import { spendClaimCode } from './claim-store.ts';

type ClaimRooms = Pick<AttestationRooms, 'platform' | 'database' | 'nonces' | 'devices' | 'audit' | 'limits' | 'origins'>;

/**
 * Possession claim (sphere.md 1.2): the tenant's code, handed to the device by whoever holds it, and
 * the device's own signature over it. A device is claimed once; asking again for the same tenant
 * changes nothing, and for another is refused without a word about the owner.
 */
export async function claimDevice(rooms: ClaimRooms, request: ClaimRequest): Promise<Outcome<ClaimReply>> {
  const { limits, nonces, origins } = rooms;
  const { deviceId, tenantId } = request;
  const read = readEvidence(request.evidence, claimClaimsSchema);
  if (!read.accepted) return refused(read.refusal, [], false);
  const waitMs = limits.takeAttempt(request);
  if (waitMs > 0) {
    return refuseOutcome('rate-limited', 'Too many requests for this device.', {
      isProven: false,
      retryAfterSeconds: retryAfterSecondsOf(waitMs),
    });
  }
  const { claims, text } = read.value;
  const proof = await proveDevice(nonces, origins, {
    deviceId,
    tenantId,
    evidence: text,
    nonce: claims.eat_nonce,
    address: claims,
    binding: { claim: 'hp-claim', stated: claims['hp-claim'], subject: request.claimCode },
  });
  if (!proof.accepted) return proof;
  try {
    return { accepted: true, value: await recordClaim(rooms, request) };
  } catch (error) {
    if (!(error instanceof NotClaimed)) throw error;
    return refuseOutcome(error.reason, error.message, { isProven: true, trace: proof.trace });
  }
}

/** Code and device change together or not at all: a claim that is refused leaves the code usable. */
async function recordClaim({ platform, database, devices, audit }: ClaimRooms, request: ClaimRequest): Promise<ClaimReply> {
  const { deviceId, tenantId, claimCode } = request;
  const write = await audit.prepare({ type: 'claim', tenantId, deviceId, actor: 'device' });
  const { device, isNew } = await inTransaction(database, async (transaction) => {
    const at = platform.clock.now();
    if (!(await spendClaimCode(transaction, { codeHash: sha256Hex(claimCode), tenantId, deviceId, at }))) {
      throw new NotClaimed('claim-code-invalid', 'The claim code is unknown, used, expired or for another tenant.');
    }
    const claimed = await devices.claim(transaction, deviceId, tenantId);
    if (claimed.device.tenantId !== tenantId) throw new NotClaimed('claimed-elsewhere', 'The device has been claimed before.');
    if (claimed.isNew) await write(transaction);
    return claimed;
  });
  if (isNew) platform.log.info('device.claimed', { deviceId, tenantId });
  return { status: 'claimed', deviceId, tenantId, claimEpoch: device.claimEpoch, changed: isNew };
}

/** Takes the transaction back. */
class NotClaimed extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
