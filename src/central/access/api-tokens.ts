import { constantTimeEqual, sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { type Instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { UserCaller } from '#trust/caller.ts';
import { roles } from '#trust/permissions.ts';
import { AccessStore } from './access-store.ts';
import { formatApiToken } from './api-token-text.ts';
import type { ApiToken } from './credentials.ts';
import { apiTokenLifeMsDefault, apiTokenLifeMsMax, expiredTokenKeptMs, secretBytes, statusTokenLifeMs } from './limits.ts';

/** A token with the text that is shown once. */
export type IssuedToken = { token: string; tokenId: string; roleId: string; expiresAt: Instant };

const tokenIdPattern = /^[A-Za-z0-9-]{1,255}$/;

/** API tokens: random, not signed, so that revoking one is deleting a row and nothing can be forged with a leaked key. */
export class ApiTokens {
  readonly #platform: Platform;
  readonly #store: AccessStore;
  readonly #appId: string;
  readonly #endListeners = new Set<(tokenId: string) => void>();

  constructor(platform: Platform, database: Database, appId: string) {
    this.#platform = platform;
    this.#store = new AccessStore(database);
    this.#appId = appId;
  }

  /** Makes a token under a name of the caller's choice, with a role no stronger than the caller's own. */
  async create(caller: UserCaller, tokenId: string, options: { roleId: string; expiresAt?: Instant }): Promise<IssuedToken> {
    if (!tokenIdPattern.test(tokenId)) {
      throw new Problem('argument-invalid', 'A token id has 1 to 255 characters of A-Z a-z 0-9 and -.');
    }
    const role = Object.values(roles).find((candidate) => candidate.id === options.roleId);
    if (!role) throw new Problem('argument-invalid', 'There is no such role.');
    for (const permission of role.permissions) {
      if (!caller.permissions.has(permission)) throw new Problem('forbidden', 'A token cannot be stronger than who makes it.');
    }
    const now = this.#platform.clock.now();
    const expiresAt = options.expiresAt ?? plus(now, apiTokenLifeMsDefault);
    if (expiresAt <= now) throw new Problem('argument-invalid', 'The expiry lies in the past.');
    if (expiresAt - now > apiTokenLifeMsMax) throw new Problem('argument-invalid', 'A token lives three years at most.');
    return this.#issue(tokenId, options.roleId, expiresAt, caller.displayName);
  }

  /** The administrator's token that one `status --secrets` prints. The caller proved itself to the administration socket. */
  createForStatus(): Promise<IssuedToken> {
    const { random, clock } = this.#platform;
    return this.#issue(`status-${random.uuid()}`, roles.administrator.id, plus(clock.now(), statusTokenLifeMs), 'administrator');
  }

  /** The stored token, whatever its age: trust/ compares and decides. */
  load(tokenId: string): Promise<ApiToken | undefined> {
    return this.#store.loadApiToken(tokenId);
  }

  /** Whether the token still opens something, for streams that were opened with it. */
  async isAlive({ tokenId, signature }: { tokenId: string; signature: string }): Promise<boolean> {
    const token = await this.load(tokenId);
    if (!token || !constantTimeEqual(token.signatureHash, sha256Hex(signature))) return false;
    return this.#platform.clock.now() < token.expiresAt;
  }

  /** Calls `listener` with the id of each token that is revoked, so that its open streams end. */
  onEnd(listener: (tokenId: string) => void): Cancel {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  async require(tokenId: string): Promise<ApiToken> {
    const token = await this.load(tokenId);
    if (!token) throw new Problem('not-found', 'There is no such API token.');
    return token;
  }

  list(after: string | undefined, limit: number): Promise<ApiToken[]> {
    return this.#store.listApiTokens(after, limit);
  }

  /** Revokes: from the next request on the token opens nothing. */
  async delete(tokenId: string): Promise<void> {
    if (!(await this.#store.deleteApiToken(tokenId))) throw new Problem('not-found', 'There is no such API token.');
    this.#platform.log.info('api-token.revoked', { tokenId });
    for (const listener of this.#endListeners) listener(tokenId);
  }

  async #issue(tokenId: string, roleId: string, expiresAt: Instant, createdBy: string): Promise<IssuedToken> {
    const signature = this.#platform.random.bytes(secretBytes).toString('base64');
    const createdAt = this.#platform.clock.now();
    await this.#store.deleteApiTokens(plus(createdAt, -expiredTokenKeptMs));
    const token: ApiToken = { tokenId, signatureHash: sha256Hex(signature), roleId, expiresAt, createdAt, createdBy };
    if (!(await this.#store.insertApiToken(token))) throw new Problem('already-exists', 'There is an API token of this id.');
    this.#platform.log.info('api-token.created', { tokenId, roleId });
    return { token: formatApiToken({ appId: this.#appId, signature, tokenId, expiresAt }), tokenId, roleId, expiresAt };
  }
}
