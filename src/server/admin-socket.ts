import { chmod, unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { asProblem, type Problem, type ProblemCode, problemCodes } from '#base/problem.ts';
import { auditCalls, type ChangedCall } from '#storage/audit-calls.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import { administrationCaller } from '#trust/authenticate-user.ts';
import type { UserCaller } from '#trust/caller.ts';
import { describeCaller } from '#trust/describe-caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import type { Route } from '#wire/http/route.ts';
import type { HubRest } from './hub-rest.ts';
import { StartRefused } from './start-refused.ts';

/** Linux puts 108 bytes for a socket's path into its address, the terminating zero included. */
const socketPathBytesMax = 107;

export function administrationSocket(directory: string): string {
  return join(directory, 'admin.sock');
}

/** Throws StartRefused for a path that no socket can have: better before anything was made there. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathBytesMax) return;
  throw new StartRefused(`The path of the data directory is too long for the socket in it: ${path}`, {
    why: `It has ${bytes} bytes; a socket's path has at most ${socketPathBytesMax}.`,
    fix: 'Choose a shorter --data DIRECTORY.',
  });
}

/**
 * The administration socket: mode 0600 in a directory of mode 0700, never TCP. The kernel's check of
 * the file's owner is the authentication.
 */
export class AdminSocket {
  readonly #path: string;
  readonly #server: Server;

  private constructor(path: string, server: Server) {
    this.#path = path;
    this.#server = server;
  }

  static async open(
    platform: Platform,
    path: string,
    { routes, rest, audit }: { routes: readonly Route<UserCaller, Permission>[]; rest: HubRest; audit: Pick<AuditLog, 'record'> },
  ): Promise<AdminSocket> {
    const caller = administrationCaller();
    const handler = await buildHttpHandler(platform, {
      name: 'administration',
      routes,
      authenticate: async () => caller,
      onChange: auditCalls(audit, 'administration', authorOf),
      renderProblem,
    });
    // The directory is locked, so a socket that is there was left behind.
    await unlink(path).catch(() => undefined);
    const server = createServer((request, response) => {
      try {
        if (!rest(request, response)) handler(request, response);
      } catch (error) {
        const { status, json } = renderProblem(asProblem(error), { trackingId: platform.random.uuid() });
        response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(json));
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    await chmod(path, 0o600);
    return new AdminSocket(path, server);
  }

  async close(): Promise<void> {
    this.#server.closeIdleConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
    await unlink(this.#path).catch(() => undefined);
  }
}

/** Most of what is asked of a hub here names it in the query, and means `main` where it does not. */
function authorOf({ caller, path, params, query }: ChangedCall<UserCaller>) {
  const hub = params.hub ?? query.hub ?? (path.startsWith('/hub/') ? 'main' : undefined);
  return { hub, ...describeCaller(caller) };
}

const statuses: Partial<Record<ProblemCode, number>> = {
  'route-not-found': 404,
  'not-found': 404,
  'device-not-found': 404,
  'certificate-not-found': 404,
  'method-not-allowed': 405,
  'already-exists': 409,
  conflict: 409,
  'precondition-failed': 412,
  'payload-too-large': 413,
  'storage-full': 507,
  unavailable: 503,
  internal: 500,
};

function renderProblem(problem: Problem, { trackingId }: { trackingId: string }) {
  const { code, message, reason } = problem;
  return {
    status: statuses[code] ?? (problemCodes[code].retry === 'later' ? 503 : 400),
    json: { error: { code, message, ...(reason && { reason }), trackingId } },
  };
}
