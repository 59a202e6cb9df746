import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { CommandFailure } from './failure.ts';

/**
 * Whom a command talks to: the administration socket of a data directory, or a URL behind TLS that
 * must show a certificate of exactly this CA. No other root is trusted.
 */
export type HttpTarget = { readonly socketPath: string } | { readonly url: string; readonly ca: string };

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query, already encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** How long the peer may say nothing; without it half a minute. */
  readonly idleMsMax?: number;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
};

export type HttpAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

/** What we wait for an answer, and how much of one we read. */
const idleMsMaxDefault = 30_000;
const answerBytesMax = 8 * 1024 * 1024;

/**
 * Sends one request and reads the whole answer. Whatever keeps the two from talking is a failure
 * with exit code 7 that names the peer; a connection that is cut in the middle counts as such, so
 * half an answer is never used.
 */
export function requestHttp(target: HttpTarget, request: HttpRequest): Promise<HttpAnswer> {
  const payload = request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json));
  const headers: Record<string, string> = { accept: 'application/json', ...request.headers };
  if (payload) headers['content-type'] = 'application/json';
  if (payload || request.method !== 'GET') headers['content-length'] = String(payload?.length ?? 0);
  return new Promise((resolve, reject) => {
    const failed = (cause: Error) => reject(cause instanceof CommandFailure ? cause : networkFailure(target, cause));
    try {
      const sent = open(target, request, headers);
      const { idleMsMax = idleMsMaxDefault } = request;
      sent.on('timeout', () => sent.destroy(new Error(`There was no answer for ${idleMsMax / 1000} seconds.`)));
      sent.on('error', failed);
      sent.on('response', (response) => readAnswer(response).then(resolve, failed));
      sent.end(payload);
    } catch (cause) {
      failed(cause instanceof Error ? cause : new Error(String(cause)));
    }
  });
}

function open(target: HttpTarget, request: HttpRequest, headers: Record<string, string>): ClientRequest {
  const { method, path, idleMsMax: timeout = idleMsMaxDefault, signal } = request;
  const common = { method, path, headers, agent: false as const, timeout, ...(signal && { signal }) };
  if ('socketPath' in target) {
    return requestPlain({ ...common, socketPath: target.socketPath, headers: { host: 'localhost', ...headers } });
  }
  const url = new URL(target.url);
  if (url.protocol !== 'https:') throw new Error('Only https is spoken.');
  const below = `${url.pathname.replace(/\/$/, '')}${path}`;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return requestSecure({ ...common, host, port: url.port || 443, path: below, ca: target.ca });
}

function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    response.on('data', (part: Buffer) => {
      length += part.length;
      if (length > answerBytesMax) response.destroy(new Error('The answer is larger than any that is expected.'));
      else parts.push(part);
    });
    response.on('error', reject);
    response.on('close', () => {
      if (!response.complete) reject(new Error('The connection ended in the middle of the answer.'));
    });
    response.on('end', () => {
      if (response.complete) resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
    });
  });
}

function networkFailure(target: HttpTarget, cause: NodeJS.ErrnoException): CommandFailure {
  if ('socketPath' in target) {
    const isAbsent = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
    const isForbidden = cause.code === 'EACCES' || cause.code === 'EPERM';
    return new CommandFailure('network', `No answer from ${target.socketPath}.`, {
      why: isAbsent ? 'Nothing runs there.' : isForbidden ? 'The socket belongs to another user.' : describe(cause),
      ...(isForbidden ? {} : { fix: 'Start Homeport (homeport start), or name its data directory with HOMEPORT_DATA.' }),
      cause,
    });
  }
  return new CommandFailure('network', `No answer from ${target.url}.`, { why: describe(cause), cause });
}

/** Happy-eyeballs failures carry their reasons inside. */
function describe(cause: NodeJS.ErrnoException): string {
  const inner = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : '';
  return cause.message || inner || cause.code || 'The connection failed.';
}
