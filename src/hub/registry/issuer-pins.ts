import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { Certificate } from '#pki/certificate.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { checkIssuer, type IssuerChange } from '#trust/check-issuer.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import type { Refused } from '#trust/verdict.ts';
import { loadIssuerPin, putIssuerPin } from './issuer-pin-store.ts';

export type IssuerPinsOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly hub: string;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly issuerChange: IssuerChange;
};

/** Keeps below which CA each CA-signed identity of the hub came in first, and notices when that changes. */
export class IssuerPins {
  readonly #options: IssuerPinsOptions;

  constructor(options: IssuerPinsOptions) {
    this.#options = options;
  }

  /**
   * Why somebody whose certificate was found good is refused all the same; undefined when not. An identity that was
   * deleted and made anew is another one.
   */
  async check(
    caller: DeviceCaller,
    { verified, revocation, at }: { verified: readonly Certificate[]; revocation: RevocationEvidence; at: Instant },
  ): Promise<Refused | undefined> {
    const { platform, database, hub, refusals, issuerChange } = this.#options;
    const { deviceId, moduleId, generationId, anchorSha256 } = caller;
    const issuer = verified.find(({ sha256Thumbprint }) => sha256Thumbprint === anchorSha256);
    if (!issuer) return undefined;
    const identity = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
    const pin = await loadIssuerPin(database, hub, identity);
    const pinHere = () =>
      putIssuerPin(database, {
        hub,
        identity,
        generation_id: generationId,
        issuer_sha256: issuer.sha256Thumbprint,
        pinned_at: at,
      });
    if (pin?.generation_id !== generationId) {
      await pinHere();
      return undefined;
    }
    if (pin.issuer_sha256 === issuer.sha256Thumbprint) return undefined;
    const verdict = checkIssuer({ pinnedSha256: pin.issuer_sha256, issuer, verified, revocation, at });
    if (!verdict.accepted) {
      platform.log.warn('device.issuer-changed', { hub, identity, issuer: issuer.subject, rule: issuerChange });
      if (issuerChange === 'refuse') return verdict;
      refusals.record({ service: 'hub', subject: identity, peer: 'let in', ...verdict.refusal });
    }
    await pinHere();
    return undefined;
  }
}
