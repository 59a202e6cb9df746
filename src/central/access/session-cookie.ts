import { sessionAgeMsMax } from '#trust/authenticate-user.ts';

/**
 * `__Host-` makes browsers refuse the cookie unless it is Secure, for this host alone and for `/`.
 * With SameSite=Strict it is not sent along when another site links to us or posts to us.
 */
export const sessionCookieName = '__Host-homeport';

const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

export function formatSessionCookie(secret: string): string {
  return `${sessionCookieName}=${secret}; ${attributes}; Max-Age=${sessionAgeMsMax / 1000}`;
}

/** Makes the browser forget the cookie. */
export function formatEndedCookie(): string {
  return `${sessionCookieName}=; ${attributes}; Max-Age=0`;
}

/** The session secret out of a Cookie header, if there is exactly one of plausible form. */
export function parseSessionCookie(header: string | undefined): string | undefined {
  const found = (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${sessionCookieName}=`))
    .map((part) => part.slice(sessionCookieName.length + 1));
  const [secret] = found;
  return found.length === 1 && secret !== undefined && /^[A-Za-z0-9_-]{43}$/.test(secret) ? secret : undefined;
}
