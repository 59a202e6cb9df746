import { sha256Hex } from '#base/bytes.ts';
import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import { AccessStore } from './access-store.ts';
import { secretBytes, signInCodeLifeMs } from './limits.ts';

/**
 * One-time codes by which a person who owns the data directory opens a session.
 *
 * The code stands in the URL's fragment, which browsers send to nobody: not to proxies, not in
 * Referer, not into our own access log. The page takes it out and posts it.
 */
export class SignInLinks {
  readonly #platform: Platform;
  readonly #store: AccessStore;

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#store = new AccessStore(database);
  }

  /** A link below `baseUrl` that works once within ten minutes. Whoever has it is the administrator: treat it as a secret. */
  async create(baseUrl: string): Promise<string> {
    const code = randomToken(this.#platform.random, secretBytes);
    const now = this.#platform.clock.now();
    await this.#store.deleteSignInCodes(now);
    await this.#store.saveSignInCode(sha256Hex(code), plus(now, signInCodeLifeMs));
    return `${baseUrl.replace(/\/+$/, '')}/sign-in#${code}`;
  }

  /** Spends `code`. False when it is unknown, was used or is too old: which of these, nobody is told. */
  async spend(code: string): Promise<boolean> {
    const expiresAt = await this.#store.spendSignInCode(sha256Hex(code));
    return expiresAt !== undefined && expiresAt > this.#platform.clock.now();
  }
}
