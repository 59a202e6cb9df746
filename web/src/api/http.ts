import type { ErrorResponse } from './contract.ts';

/** The stable version of the public API; every public call names it. */
const apiVersion = '2022-07-31';

/** What the server answered when it did not do what was asked. `requestId` finds it in the server's log. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;

  constructor(status: number, code: string, message: string, requestId: string | undefined) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

export type Query = Record<string, string | number | undefined>;
type Verb = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
type CallOptions = { query?: Query; body?: unknown; headers?: Readonly<Record<string, string>>; signal?: AbortSignal };

/** A call of the public API, below `/api/`. */
export function callPublic<T>(verb: Verb, path: string, options: CallOptions = {}): Promise<T> {
  return call<T>(verb, `/api/${path}`, { ...options, query: { 'api-version': apiVersion, ...options.query } });
}

/** A call of what the app adds, below `/api/ui/`. */
export function callUi<T>(verb: Verb, path: string, options: CallOptions = {}): Promise<T> {
  return call<T>(verb, `/api/ui/${path}`, options);
}

/** A call of a hub's own REST, which tells more in the headers of its answers. `path` is encoded already. */
export async function callHub<T>(verb: Verb, hub: string, path: string, options: CallOptions = {}): Promise<HubAnswer<T>> {
  const response = await requireOk(await send(verb, `/api/ui/${apiPath('hubs', hub)}/rest/${path}`, options));
  return { json: await readAnswer<T>(response), continuation: response.headers.get('x-ms-continuation') ?? undefined };
}

export type HubAnswer<T> = { json: T; continuation: string | undefined };

/** Joins path parts, each encoded. */
export function apiPath(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

async function call<T>(verb: Verb, path: string, options: CallOptions): Promise<T> {
  return readAnswer<T>(await requireOk(await send(verb, path, options)));
}

async function requireOk(response: Response): Promise<Response> {
  if (!response.ok) throw await toApiError(response);
  return response;
}

/** The server checks every answer of its own against the contract that T comes from. */
async function readAnswer<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function send(verb: Verb, path: string, options: CallOptions): Promise<Response> {
  const hasBody = options.body !== undefined;
  try {
    return await fetch(withQuery(path, options.query), {
      method: verb,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(hasBody && { 'content-type': 'application/json' }), ...options.headers },
      ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, 'Unreachable', 'Homeport does not answer. Check that it is running: homeport status', undefined);
  }
}

async function toApiError(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-ms-request-id') ?? undefined;
  try {
    const { error } = (await response.json()) as ErrorResponse;
    return new ApiError(response.status, error.code, error.message, error.requestId);
  } catch {
    return new ApiError(response.status, `Http${response.status}`, `The server answered ${response.status}.`, requestId);
  }
}
