import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { parseRequest } from './parse-request.ts';
import type { Reply, Route } from './route.ts';

/** Everything an authenticator may look at. `peer` is what the listener knows of the socket. */
export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly raw: IncomingMessage;
  readonly trackingId: string;
};

/** A Problem in the words of one service. */
export type RenderedProblem = { status: number; headers?: Record<string, string>; json: unknown };

/** A call that changed something, or failed in the middle of it. */
export type ChangedCall<Caller> = {
  readonly caller: Caller;
  readonly method: string;
  /** Of the route. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly trackingId: string;
  readonly status: number;
  readonly changed: readonly string[];
};

export type HttpService<Caller, Permission extends string> = {
  readonly name: string;
  readonly routes: readonly Route<Caller, Permission>[];
  /** Returns the caller, or throws a Problem `unauthorized` or `forbidden`. Called before the body is parsed. */
  authenticate(request: HttpRequest, permission: Permission | 'none', params: Readonly<Record<string, string>>): Promise<Caller>;
  renderProblem(problem: Problem, request: HttpRequest): RenderedProblem;
  /** Called after each change, before it is answered. What is refused changes nothing, and is not told. */
  onChange?(call: ChangedCall<Caller>): Promise<void>;
  /** Added to every response. */
  readonly headers?: Readonly<Record<string, string>> | ((request: HttpRequest) => Readonly<Record<string, string>>);
};

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

const bodyBytesMaxDefault = 256 * 1024;

/** Routes become a request handler for a server that somebody else listens with. The only file that knows Fastify. */
export async function buildHttpHandler<Caller, Permission extends string>(
  platform: Platform,
  service: HttpService<Caller, Permission>,
): Promise<RequestHandler> {
  let handler: RequestHandler | undefined;
  const app = fastify({
    serverFactory: (handle) => {
      handler = handle;
      // Fastify wants a server of its own to close; the sockets belong to listeners/.
      return { listen() {}, close() {}, on() {}, once() {}, address: () => null } as never;
    },
    bodyLimit: bodyBytesMaxDefault,
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: 512 },
    forceCloseConnections: false,
    // What is wrong with the URL itself never reaches a route, nor the error handler of the routes.
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply),
  });
  const metrics = metricsOf(platform);
  const seconds = metrics.histogram('homeport_http_request_seconds', { service: service.name });
  app.addHook('onResponse', (_request, reply, done) => {
    const status = String(reply.raw.statusCode);
    metrics.counter('homeport_http_requests_total', { service: service.name, status }).value++;
    seconds.observe(reply.elapsedTime / 1000);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  const seen = new WeakMap<FastifyRequest, HttpRequest>();
  const describe = (request: FastifyRequest): HttpRequest => {
    const known = seen.get(request);
    if (known) return known;
    const fresh: HttpRequest = {
      method: request.method,
      url: request.raw.url ?? '/',
      headers: firstValues(request.headers),
      remoteAddress: request.raw.socket.remoteAddress ?? '',
      raw: request.raw,
      trackingId: platform.random.uuid(),
    };
    seen.set(request, fresh);
    return fresh;
  };

  const headersOf = (request: HttpRequest) =>
    typeof service.headers === 'function' ? service.headers(request) : service.headers;

  function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const described = describe(request);
    const problem = fromFastify(error);
    if (problem.code === 'internal') {
      const cause = problem.cause instanceof Error ? (problem.cause.stack ?? String(problem.cause)) : String(problem.cause);
      platform.log.error('request.failed', { service: service.name, trackingId: described.trackingId, cause });
    }
    return sendProblem(reply, service.renderProblem(problem, described), headersOf(described));
  }
  app.setErrorHandler(answerProblem);
  app.setNotFoundHandler((request) => {
    throw new Problem('route-not-found', `There is no ${request.method} ${request.url.split('?')[0]}.`);
  });

  for (const route of service.routes) {
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: route.bodyBytesMax ?? bodyBytesMaxDefault,
      preParsing: async (request) => {
        // No name has one, and PostgreSQL takes none, not even to look for.
        if (/%00/.test(request.raw.url ?? '')) throw new Problem('malformed', 'The URL holds a NUL character.');
        const caller = await service.authenticate(
          describe(request),
          route.permission,
          (request.params ?? {}) as Record<string, string>,
        );
        callers.set(request, caller);
      },
      handler: async (request, reply) => {
        const described = describe(request);
        const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const caller = callers.get(request) as Caller;
        const tell = (status: number, changed: readonly string[] = []) =>
          service.onChange?.({
            caller,
            method: route.method,
            path: route.path,
            params: request.params as Record<string, string>,
            query: request.query as Record<string, string>,
            remoteAddress: described.remoteAddress,
            trackingId: described.trackingId,
            status,
            changed,
          });
        const isChange = route.method !== 'GET' && !route.readsOnly;
        const call = {
          caller,
          params: request.params as Record<string, string>,
          ...parseRequest(route, { query: request.query, bytes }),
          bytes,
          headers: described.headers,
          rawHeaders: request.raw.rawHeaders,
          remoteAddress: described.remoteAddress,
          trackingId: described.trackingId,
        };
        let result: Reply;
        try {
          result = await route.handle(call);
        } catch (error) {
          const { status } = service.renderProblem(asProblem(error), described);
          // Where we failed, or waited in vain, something may have been changed all the same.
          if (isChange && status >= 500) await tell(status);
          throw error;
        }
        const { changed } = result;
        if (isChange || (changed && changed.length > 0))
          await tell(result.status ?? (result.json === undefined ? 204 : 200), changed);
        if (result.isCut) {
          reply.hijack();
          request.raw.socket.destroy();
          return reply;
        }
        return sendReply(reply, result, headersOf(described));
      },
    });
  }
  await app.ready();
  if (!handler) throw new Error('Fastify made no request handler');
  return handler;
}

const callers = new WeakMap<FastifyRequest, unknown>();

function firstValues(headers: FastifyRequest['headers']): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) result[name] = first;
  }
  return result;
}

function fromFastify(error: unknown): Problem {
  const code = (error as { code?: string }).code;
  // Nobody hears this answer. It is none of our failures either, which would be logged with their stack.
  if (code === 'ECONNRESET') return new Problem('malformed', 'The connection ended inside the request.');
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Problem('payload-too-large', 'The request body is larger than the limit.');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new Problem('unsupported-media-type', 'The Content-Type is not the name of a media type.');
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH')
    return new Problem('malformed', 'The body does not match its Content-Length.');
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') return new Problem('malformed', 'The URL is malformed.');
  return asProblem(error);
}

function sendReply(reply: FastifyReply, result: Reply, common: Readonly<Record<string, string>> = {}): FastifyReply {
  reply.headers({ ...common, ...result.headers });
  if (result.events) return sendEvents(reply, result.events);
  if (result.bytes) {
    return reply
      .code(result.status ?? 200)
      .type(result.bytes.type)
      .send(Buffer.from(result.bytes.data));
  }
  if (result.json === undefined) return reply.code(result.status ?? 204).send();
  return reply
    .code(result.status ?? 200)
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(result.json));
}

/** Server-sent events. The browser reconnects by itself, so the stream just ends when either side goes away. */
function sendEvents(reply: FastifyReply, subscribe: NonNullable<Reply['events']>): FastifyReply {
  const headers = reply.getHeaders();
  reply.hijack();
  const response = reply.raw;
  response.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  } as Record<string, string>);
  response.write(': open\n\n');
  if (reply.request.method === 'HEAD') {
    response.end();
    return reply;
  }
  const send = (event: string, data: unknown) => {
    if (response.destroyed || response.writableEnded) return;
    // A reader that stops reading must not fill our memory: it is cut off and reconnects.
    if (response.writableLength > eventBacklogBytesMax) response.destroy();
    else response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const end = subscribe(send, () => response.end());
  // Who went away while we looked at the credentials sends no second `close`.
  if (response.destroyed) end();
  else response.once('close', end);
  return reply;
}

const eventBacklogBytesMax = 1024 * 1024;

function sendProblem(
  reply: FastifyReply,
  rendered: RenderedProblem,
  common: Readonly<Record<string, string>> = {},
): FastifyReply {
  return reply
    .code(rendered.status)
    .headers({ ...common, ...rendered.headers })
    .type(rendered.headers?.['content-type'] ?? 'application/json; charset=utf-8')
    .send(JSON.stringify(rendered.json));
}
