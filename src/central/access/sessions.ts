import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { randomToken } from '#base/random.ts';
import type { Database } from '#storage/database.ts';
import { sessionAgeMsMax, sessionIdleMsMax } from '#trust/authenticate-user.ts';
import { AccessStore } from './access-store.ts';
import type { Session } from './credentials.ts';
import { secretBytes, sessionTouchMs } from './limits.ts';

/** Who a session is for. There is one local account so far; the shape has room for more. */
export type SessionOwner = { userId: string; displayName: string; roleId: string };

/** Sessions of browsers. The cookie's value is known to the browser alone; we keep its hash. */
export class Sessions {
  readonly #platform: Platform;
  readonly #store: AccessStore;
  readonly #endListeners = new Set<(sessionHash: string) => void>();

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#store = new AccessStore(database);
  }

  /** Opens a session and returns the secret for its cookie. */
  async open(owner: SessionOwner): Promise<string> {
    const secret = randomToken(this.#platform.random, secretBytes);
    const now = this.#platform.clock.now();
    await this.#store.deleteSessions({ usedBefore: plus(now, -sessionIdleMsMax), madeBefore: plus(now, -sessionAgeMsMax) });
    await this.#store.saveSession({ sessionHash: sha256Hex(secret), ...owner, createdAt: now, lastUsedAt: now });
    this.#platform.log.info('session.opened', { userId: owner.userId });
    return secret;
  }

  /** The session of a cookie, whatever its age: trust/ decides whether it still counts. */
  load(secret: string): Promise<Session | undefined> {
    return this.#store.loadSession(sha256Hex(secret));
  }

  /** Whether the session still counts, for streams that were opened under it. */
  async isAlive(secret: string): Promise<boolean> {
    const session = await this.load(secret);
    const now = this.#platform.clock.now();
    return session !== undefined && now - session.lastUsedAt < sessionIdleMsMax && now - session.createdAt < sessionAgeMsMax;
  }

  /** Notes that the session was used, so that its eight idle hours start again. */
  async touch(session: Session): Promise<void> {
    const now = this.#platform.clock.now();
    if (now - session.lastUsedAt < sessionTouchMs) return;
    await this.#store.touchSession(session.sessionHash, now);
  }

  /** Calls `listener` with the hash of each session that is signed out, so that its open streams end. */
  onEnd(listener: (sessionHash: string) => void): Cancel {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Ends the session of a cookie. */
  async end(secret: string): Promise<void> {
    const sessionHash = sha256Hex(secret);
    await this.#store.deleteSession(sessionHash);
    for (const listener of this.#endListeners) listener(sessionHash);
  }
}
