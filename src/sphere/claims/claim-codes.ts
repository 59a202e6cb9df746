import { sha256Hex } from '#base/bytes.ts';
import { type Instant, minuteMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import { deleteClaimCodesBefore, insertClaimCode } from './claim-store.ts';

export const claimCodeLifeMs = 15 * minuteMs;

/** One-time codes that carry a tenant's wish to own a device to the device itself. Stored as hashes. */
export class ClaimCodes {
  readonly #platform: Platform;
  readonly #database: Database;

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#database = database;
  }

  async create(tenantId: string, actor: string): Promise<{ code: string; expiresAt: Instant }> {
    const now = this.#platform.clock.now();
    await deleteClaimCodesBefore(this.#database, now);
    const code = randomToken(this.#platform.random, 24);
    const expiresAt = plus(now, claimCodeLifeMs);
    await insertClaimCode(this.#database, {
      code_hash: sha256Hex(code),
      tenant_id: tenantId,
      created_by: actor,
      created_at: now,
      expires_at: expiresAt,
      used_by: null,
    });
    return { code, expiresAt };
  }
}
