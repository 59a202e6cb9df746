import { sha256Hex } from '#base/bytes.ts';
import { hourMs, type Instant, instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import { checkSphereToken } from '#trust/authenticate-user.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Verdict } from '#trust/verdict.ts';
import { deleteTokensBefore, insertToken, loadToken } from './token-store.ts';

export const administratorTokenLifeMs = 12 * hourMs;

/** Longer than any token of ours; more is not worth hashing. */
const tokenCharactersMax = 200;

/**
 * Bearer tokens of the cloud API for whoever owns the data directory. They are minted over the
 * administration socket alone and stored as hashes.
 */
export class AdministratorTokens {
  readonly #platform: Platform;
  readonly #database: Database;

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#database = database;
  }

  async mintToken(): Promise<{ token: string; expiresAt: Instant }> {
    const now = this.#platform.clock.now();
    await deleteTokensBefore(this.#database, now);
    const token = randomToken(this.#platform.random, 32);
    const expiresAt = plus(now, administratorTokenLifeMs);
    await insertToken(this.#database, {
      token_hash: sha256Hex(token),
      user_id: 'administrator',
      display_name: 'Local administrator',
      created_at: now,
      expires_at: expiresAt,
    });
    this.#platform.log.info('token.issued', { audience: 'sphere', expiresAt });
    return { token, expiresAt };
  }

  /** Decides about the value of an Authorization header. */
  async check(authorization: string | undefined): Promise<Verdict<UserCaller>> {
    const token = /^Bearer +([A-Za-z0-9_-]+) *$/i.exec(authorization ?? '')?.[1];
    const row =
      token === undefined || token.length > tokenCharactersMax ? undefined : await loadToken(this.#database, sha256Hex(token));
    const stored = row && {
      tokenHash: row.token_hash,
      userId: row.user_id,
      displayName: row.display_name,
      expiresAt: instant(row.expires_at),
    };
    return checkSphereToken({ token, stored, at: this.#platform.clock.now() });
  }
}
