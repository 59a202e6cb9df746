import type { z } from 'zod';

export type HttpMethod = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** What a handler gets to know of the request; everything in it was parsed and bounded at the border. */
export type RouteContext<Caller, Query, Body> = {
  readonly caller: Caller;
  /** Path parameters, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The body as it was sent; empty for none. */
  readonly bytes: Buffer;
  /** Lower-case names; a repeated header keeps its first value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, spelled as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly remoteAddress: string;
  readonly trackingId: string;
};

/** What a handler returns. `json` is serialised; `bytes` and `stream` go out as they are. */
export type Reply = {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  bytes?: { type: string; data: Uint8Array };
  /** Answers nothing and cuts the connection. */
  isCut?: boolean;
  /** What was changed in particular, for the audit log: ids, and never a secret. Also of a GET that changes something. */
  changed?: readonly string[];
  /**
   * Server-sent events: called once with a writer and with what ends the stream from our side. The returned
   * function ends the subscription; it is called when the stream is over, whoever ended it.
   */
  events?: (send: (event: string, data: unknown) => void, close: () => void) => () => void;
};

/**
 * One route as data: the router, the reference page and the permission test all read it.
 * `Permission` is the service's permission type; `'none'` marks a route that authenticates nobody.
 */
export type Route<Caller, Permission extends string> = {
  readonly method: HttpMethod;
  /** `/devices/:deviceId`. Fixed words match without regard to case. */
  readonly path: string;
  readonly permission: Permission | 'none';
  readonly summary: string;
  /** Unknown query names are refused unless the schema is loose. */
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly bodyBytesMax?: number;
  /** Changes nothing that anybody would ask after, although its method says so: a query that is posted, a receipt. */
  readonly readsOnly?: boolean;
  handle(context: RouteContext<Caller, never, never>): Promise<Reply>;
};

type Inferred<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Gives a handler the types of its schemas. */
export function defineRoute<Caller, Permission extends string>() {
  return <Q extends z.ZodType | undefined = undefined, B extends z.ZodType | undefined = undefined>(
    route: Omit<Route<Caller, Permission>, 'query' | 'body' | 'handle'> & {
      query?: Q;
      body?: B;
      handle(context: RouteContext<Caller, Inferred<Q>, Inferred<B>>): Promise<Reply>;
    },
  ): Route<Caller, Permission> => route as unknown as Route<Caller, Permission>;
}
