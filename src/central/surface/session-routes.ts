import { Problem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { roles } from '#trust/permissions.ts';
import { refuse } from '#trust/verdict.ts';
import { formatEndedCookie, formatSessionCookie, parseSessionCookie } from '../access/session-cookie.ts';
import type { Sessions } from '../access/sessions.ts';
import type { SignInLinks } from '../access/sign-in-links.ts';
import type { App } from '../apps/apps.ts';
import { type SessionBody, signInSchema } from '../contract/access.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

type Rooms = {
  app: App;
  idScope: string;
  hubHostName: string;
  signInLinks: SignInLinks;
  sessions: Sessions;
  refusals: Pick<RefusalLog, 'record'>;
};

/** The local account that a sign-in link opens. */
const administrator = { userId: 'administrator', displayName: 'Administrator', roleId: roles.administrator.id };

/** `/api/ui/session`: sign in with a link's code, who am I, sign out. */
export function buildSessionRoutes(rooms: Rooms): CentralRoute[] {
  const path = '/api/ui/session';
  return [
    centralRoute({
      method: 'POST',
      path,
      // Whoever holds a one-time code has no session yet.
      permission: 'none',
      summary: 'Exchange the one-time code of a sign-in link for a session cookie.',
      body: signInSchema,
      bodyBytesMax: 1024,
      async handle({ body, remoteAddress }) {
        if (!(await rooms.signInLinks.spend(body.code))) {
          const detail = 'The code of the link is unknown, used up or older than ten minutes.';
          const refusal = refuse('token-unknown', detail, {
            check: 'sign-in code',
            fix: 'homeport sign-in prints a new link.',
          }).refusal;
          rooms.refusals.record({ service: 'central', subject: 'sign-in link', peer: remoteAddress, ...refusal });
          throw new Problem('unauthorized', 'This sign-in link is used up or too old. `homeport sign-in` prints a new one.', {
            reason: 'SignInCodeInvalid',
          });
        }
        return { status: 204, headers: { 'set-cookie': formatSessionCookie(await rooms.sessions.open(administrator)) } };
      },
    }),
    centralRoute({
      method: 'GET',
      path,
      permission: 'devices.read',
      summary: 'Who is signed in, and to what.',
      async handle({ caller }) {
        const { displayName, permissions } = requireUser(caller);
        const json: SessionBody = {
          displayName,
          permissions: [...permissions],
          application: { id: rooms.app.appId, name: rooms.app.displayName },
          idScope: rooms.idScope,
          hubHostName: rooms.hubHostName,
          isDevelopment: false,
        };
        return { json };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path,
      permission: 'devices.read',
      summary: 'Sign out.',
      async handle({ headers }) {
        const secret = parseSessionCookie(headers.cookie);
        if (secret !== undefined) await rooms.sessions.end(secret);
        return { status: 204, headers: { 'set-cookie': formatEndedCookie() } };
      },
    }),
  ];
}
