import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { minuteMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { parseApiToken } from '../access/api-token-text.ts';
import type { ApiTokens } from '../access/api-tokens.ts';
import { parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';

/** How often an open stream asks whether its credential still counts. */
const recheckMs = minuteMs;

export type StreamAccess = { sessions: Sessions; apiTokens: ApiTokens };

/** What a stream was opened with. */
export type StreamCredential = { isAlive(): Promise<boolean>; onEnd(ended: () => void): Cancel };

/** The credential in the head of a request that was let in. */
export function streamCredentialOf(
  { sessions, apiTokens }: StreamAccess,
  headers: Readonly<Record<string, string>>,
): StreamCredential {
  const token = headers.authorization === undefined ? undefined : parseApiToken(headers.authorization);
  if (token) {
    return {
      isAlive: () => apiTokens.isAlive(token),
      onEnd: (ended) => apiTokens.onEnd((tokenId) => tokenId === token.tokenId && ended()),
    };
  }
  const secret = parseSessionCookie(headers.cookie) ?? '';
  const sessionHash = sha256Hex(secret);
  return {
    isAlive: () => sessions.isAlive(secret),
    onEnd: (ended) => sessions.onEnd((hash) => hash === sessionHash && ended()),
  };
}

/**
 * Keeps a stream open no longer than its credential: `subscribe` is called at once and what it returns when
 * the stream is over, because the reader went or because the credential was signed out, revoked or has run
 * out; then `close` is called too.
 */
export function openWatched(
  platform: Platform,
  credential: StreamCredential,
  { subscribe, close }: { subscribe: () => Cancel; close: () => void },
): Cancel {
  const cancel = subscribe();
  const unwatch = watch(platform, credential, () => {
    cancel();
    close();
  });
  return () => {
    unwatch();
    cancel();
  };
}

/** While nobody can tell (the database is away) a credential does not count; the page asks again by itself. */
function watch(platform: Platform, credential: StreamCredential, ended: () => void): Cancel {
  let isWatching = true;
  const cancelEnd = credential.onEnd(end);
  let cancelCheck = platform.clock.after(recheckMs, check);
  function check(): void {
    credential
      .isAlive()
      .catch(() => false)
      .then((isAlive) => {
        if (!isAlive) end();
        else if (isWatching) cancelCheck = platform.clock.after(recheckMs, check);
      });
  }
  function end(): void {
    if (!isWatching) return;
    unwatch();
    ended();
  }
  function unwatch(): void {
    isWatching = false;
    cancelEnd();
    cancelCheck();
  }
  return unwatch;
}
