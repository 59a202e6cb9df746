import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatInstant, type Instant, parseInstant } from '#base/instant.ts';
import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import type { Random } from '#base/random.ts';
import { Secret } from '#base/secret.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { writeOutputFile } from '#cli/kit/write-output-file.ts';

/** What `azsphere login` remembers between commands. */
export type Session = {
  readonly token: Secret;
  readonly expiresAt: Instant;
  /** Origin of the security service. */
  readonly sphereUrl: string;
  /** PEM file of the only CA that may vouch for it. */
  readonly caFile: string;
  readonly tenantId?: string;
};

/** Reads a session from what the administration socket answered or what a file holds; undefined when it is none. */
export function parseSession(value: Json): Session | undefined {
  if (!isJsonObject(value)) return undefined;
  const { token, expiresAt, sphereUrl, caFile, tenantId } = value;
  const expiry = typeof expiresAt === 'string' ? parseInstant(expiresAt) : undefined;
  if (typeof token !== 'string' || typeof sphereUrl !== 'string' || typeof caFile !== 'string' || expiry === undefined)
    return undefined;
  if (!token || !URL.canParse(sphereUrl)) return undefined;
  const selected = typeof tenantId === 'string' ? { tenantId } : {};
  return { token: new Secret(token), expiresAt: expiry, sphereUrl, caFile, ...selected };
}

/** The session of `file` at `now`. Throws a failure with exit code 3 when there is none, or none any more. */
export function requireSession(file: string, now: Instant): Session {
  const session = parseSession(readFile(file));
  if (!session) throw new CommandFailure('notSignedIn', 'You are not signed in.', { fix: 'azsphere login' });
  if (session.expiresAt <= now) {
    throw new CommandFailure('notSignedIn', 'Your sign-in has expired.', {
      why: `It ended ${formatInstant(session.expiresAt)}.`,
      fix: 'azsphere login',
    });
  }
  return session;
}

/** Only the owner may read the file: whoever has the token is signed in. */
export function saveSession(file: string, session: Session, random: Random): void {
  const text = JSON.stringify(
    { ...session, token: session.token.reveal(), expiresAt: formatInstant(session.expiresAt) },
    undefined,
    2,
  );
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeOutputFile(file, Buffer.from(`${text}\n`), { random, isReplacing: true, mode: 0o600 });
}

/** True when there was a session to forget. */
export function forgetSession(file: string): boolean {
  const wasSignedIn = readFile(file) !== null;
  rmSync(file, { force: true });
  return wasSignedIn;
}

function readFile(file: string): Json {
  try {
    return parseJson(readFileSync(file));
  } catch {
    return null;
  }
}
