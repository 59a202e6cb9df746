import { dayMs, formatInstant, type Instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { ClockGuard } from '#sphere/clock/clock-guard.ts';
import type { RevocationLists } from '#sphere/revocation/revocation-lists.ts';
import type { Authorities } from './authorities.ts';
import { type Authority, type AuthorityStatus, statusOf } from './authority.ts';
import type { Tenants } from './tenants.ts';

/**
 * Which of the services that trust `current` do not trust `next` yet, in words for people. Only whoever puts the
 * services together can know: the security service sees none of them.
 */
export type FindLacking = (change: { readonly current: Buffer; readonly next: Buffer }) => Promise<readonly string[]>;

export type RotationOptions = {
  platform: Platform;
  authorities: Authorities;
  tenants: Tenants;
  revocation: RevocationLists;
  clockGuard: ClockGuard;
  findLacking: FindLacking;
};

/** How long before its end a CA gets a successor, and how long that one waits (sphere.md 2.7). */
export const successorBeforeMs = 90 * dayMs;
export const successorWaitMs = 45 * dayMs;

const upkeepActor = 'rotation';

/** How one CA of a tenant follows another: exactly one issues at any time, and those who rely on it hear of the next in time. */
export class Rotation {
  readonly #options: RotationOptions;
  /** When somebody was last told that a successor waits, by its serial. */
  readonly #reminded = new Map<string, Instant>();

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** Does what is due. A tenant that fails keeps no other from its turn. */
  async run(): Promise<void> {
    const { clockGuard, tenants, platform } = this.#options;
    try {
      await clockGuard.requireClock();
    } catch {
      // Said by the guard. A clock that is wrong must neither make CAs nor activate them.
      return;
    }
    for (const { tenantId } of await tenants.list()) {
      try {
        await this.#runTenant(tenantId);
      } catch (error) {
        platform.log.error('ca.rotation-failed', { owner: tenantId, error: String(error) });
      }
    }
  }

  /** The tenant's CAs, oldest first, and of one that waits who trusts the present one and lacks it. */
  async list(tenantId: string): Promise<{ authority: Authority; status: AuthorityStatus; lacking: readonly string[] }[]> {
    const { authorities, platform } = this.#options;
    const all = await authorities.list(tenantId);
    const current = all.find(({ state }) => state === 'active');
    return Promise.all(
      all.map(async (authority) => ({
        authority,
        status: statusOf(authority, platform.clock.now()),
        lacking: current && authority.state === 'pending' ? await this.#lacking(current, authority) : [],
      })),
    );
  }

  /**
   * Makes the pending CA that `selector` names the active one. Throws Problem `conflict` when there is nothing to
   * activate, or while somebody who relies on the present CA lacks it, unless that is `forced`.
   */
  async activate(tenantId: string, selector: string, { forced, actor }: { forced: boolean; actor: string }): Promise<Authority> {
    const { authorities } = this.#options;
    const next = await authorities.require(tenantId, selector);
    if (next.state === 'active') return next;
    if (next.state !== 'pending') {
      throw new Problem('conflict', `The CA certificate is ${next.state}; only one that waits can become active.`, {
        reason: 'ca-not-pending',
      });
    }
    const current = await authorities.loadActive(tenantId);
    const lacking = current && !forced ? await this.#lacking(current, next) : [];
    if (lacking.length > 0) {
      throw new Problem(
        'conflict',
        `Devices would be refused: the new CA certificate is not verified yet at ${lacking.join(', ')}. Verify it there first, or force the activation.`,
        { reason: 'ca-not-verified-everywhere' },
      );
    }
    await this.#replace(current, next, 'retired', actor);
    return authorities.require(tenantId, next.certificate.serialHex);
  }

  /**
   * Revokes a CA of the tenant for good, and every daily certificate below it. When it is the active one, its successor
   * is active in the same moment. Throws Problem `unavailable` when it is revoked but not listed yet.
   */
  async revoke(tenantId: string, selector: string, actor: string): Promise<Authority> {
    const { authorities, revocation } = this.#options;
    const revoked = await authorities.require(tenantId, selector);
    const { serialHex } = revoked.certificate;
    if (revoked.state === 'active') {
      await this.#replace(revoked, await authorities.prepareSuccessor(tenantId, actor), 'revoked', actor);
    } else if (revoked.state !== 'revoked') await authorities.move([{ authority: revoked, to: 'revoked' }], actor);
    await revocation.refresh();
    return authorities.require(tenantId, serialHex);
  }

  async #runTenant(tenantId: string): Promise<void> {
    const { authorities, platform } = this.#options;
    const now = platform.clock.now();
    const current = await authorities.loadActive(tenantId);
    if (!current || now < plus(current.certificate.notAfter, -successorBeforeMs)) return;
    const next = await authorities.prepareSuccessor(tenantId, upkeepActor);
    const lacking = await this.#lacking(current, next);
    // Once the old one has ended, nobody is kept out who was let in before.
    const hasEnded = current.certificate.notAfter <= now;
    const isTime = now >= plus(next.createdAt, successorWaitMs);
    if (hasEnded || (isTime && lacking.length === 0)) return this.#replace(current, next, 'retired', upkeepActor);
    if (lacking.length > 0) this.#remind(current, next, lacking);
  }

  async #replace(current: Authority | undefined, next: Authority, to: 'retired' | 'revoked', actor: string): Promise<void> {
    const leaving = current ? [{ authority: current, to } as const] : [];
    await this.#options.authorities.move([...leaving, { authority: next, to: 'active' }], actor);
  }

  async #lacking(current: Authority, next: Authority): Promise<readonly string[]> {
    try {
      return await this.#options.findLacking({ current: current.certificate.der, next: next.certificate.der });
    } catch (error) {
      throw new Problem('unavailable', 'It could not be found out who trusts the new CA certificate.', {
        cause: asProblem(error),
      });
    }
  }

  /** Once a day, until everybody has it. */
  #remind(current: Authority, next: Authority, lacking: readonly string[]): void {
    const { platform } = this.#options;
    const serial = next.certificate.serialHex;
    const now = platform.clock.now();
    const before = this.#reminded.get(serial);
    if (before !== undefined && now < plus(before, dayMs)) return;
    this.#reminded.set(serial, now);
    platform.log.warn('ca.not-verified-everywhere', {
      owner: next.owner,
      serial,
      lacking: lacking.join(', '),
      currentEndsAt: formatInstant(current.certificate.notAfter),
    });
  }
}
