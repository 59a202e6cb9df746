import { type Instant, instant } from '#base/instant.ts';
import type { Database } from '#storage/database.ts';
import type { CentralApiTokenRow, CentralSessionRow } from '#storage/schema/central.ts';
import type { ApiToken, Session } from './credentials.ts';

/** Sign-in codes, sessions and API tokens. Whatever could open a door is kept as a hash. */
export class AccessStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async saveSignInCode(codeHash: string, expiresAt: Instant): Promise<void> {
    await this.#database.insertInto('central_sign_in').values({ code_hash: codeHash, expires_at: expiresAt }).execute();
  }

  /** Takes the code away and tells when it would have expired. Of two callers at once, one gets it. */
  async spendSignInCode(codeHash: string): Promise<Instant | undefined> {
    const row = await this.#database
      .deleteFrom('central_sign_in')
      .where('code_hash', '=', codeHash)
      .returning('expires_at')
      .executeTakeFirst();
    return row && instant(row.expires_at);
  }

  async saveSession(session: Session): Promise<void> {
    await this.#database
      .insertInto('central_session')
      .values({
        session_hash: session.sessionHash,
        user_id: session.userId,
        display_name: session.displayName,
        role_id: session.roleId,
        created_at: session.createdAt,
        last_used_at: session.lastUsedAt,
      })
      .execute();
  }

  async loadSession(sessionHash: string): Promise<Session | undefined> {
    const row = await this.#database
      .selectFrom('central_session')
      .selectAll()
      .where('session_hash', '=', sessionHash)
      .executeTakeFirst();
    return row && sessionOf(row);
  }

  async touchSession(sessionHash: string, at: Instant): Promise<void> {
    await this.#database
      .updateTable('central_session')
      .set({ last_used_at: at })
      .where('session_hash', '=', sessionHash)
      .execute();
  }

  async deleteSession(sessionHash: string): Promise<void> {
    await this.#database.deleteFrom('central_session').where('session_hash', '=', sessionHash).execute();
  }

  /** Throws nothing for an existing id: false tells. */
  async insertApiToken(token: ApiToken): Promise<boolean> {
    const result = await this.#database
      .insertInto('central_api_token')
      .values({
        token_id: token.tokenId,
        signature_hash: token.signatureHash,
        role_id: token.roleId,
        expires_at: token.expiresAt,
        created_at: token.createdAt,
        created_by: token.createdBy,
      })
      .onConflict((conflict) => conflict.column('token_id').doNothing())
      .executeTakeFirst();
    return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
  }

  async loadApiToken(tokenId: string): Promise<ApiToken | undefined> {
    const row = await this.#database
      .selectFrom('central_api_token')
      .selectAll()
      .where('token_id', '=', tokenId)
      .executeTakeFirst();
    return row && tokenOf(row);
  }

  /** In order of id, after `after`. */
  async listApiTokens(after: string | undefined, limit: number): Promise<ApiToken[]> {
    let query = this.#database.selectFrom('central_api_token').selectAll().orderBy('token_id').limit(limit);
    if (after !== undefined) query = query.where('token_id', '>', after);
    return (await query.execute()).map(tokenOf);
  }

  async deleteApiToken(tokenId: string): Promise<boolean> {
    const result = await this.#database.deleteFrom('central_api_token').where('token_id', '=', tokenId).executeTakeFirst();
    return result.numDeletedRows > 0n;
  }

  async deleteSignInCodes(expiredBefore: Instant): Promise<void> {
    await this.#database.deleteFrom('central_sign_in').where('expires_at', '<=', expiredBefore).execute();
  }

  async deleteApiTokens(expiredBefore: Instant): Promise<void> {
    await this.#database.deleteFrom('central_api_token').where('expires_at', '<=', expiredBefore).execute();
  }

  async deleteSessions(limits: { usedBefore: Instant; madeBefore: Instant }): Promise<void> {
    await this.#database
      .deleteFrom('central_session')
      .where((row) => row.or([row('last_used_at', '<=', limits.usedBefore), row('created_at', '<=', limits.madeBefore)]))
      .execute();
  }
}

function sessionOf(row: CentralSessionRow): Session {
  return {
    sessionHash: row.session_hash,
    userId: row.user_id,
    displayName: row.display_name,
    roleId: row.role_id,
    createdAt: instant(row.created_at),
    lastUsedAt: instant(row.last_used_at),
  };
}

function tokenOf(row: CentralApiTokenRow): ApiToken {
  return {
    tokenId: row.token_id,
    signatureHash: row.signature_hash,
    roleId: row.role_id,
    expiresAt: instant(row.expires_at),
    createdAt: instant(row.created_at),
    createdBy: row.created_by,
  };
}
