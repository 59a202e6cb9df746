import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { fileProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';
import type { DesiredRequest } from './desired-request.ts';
import { requestsKeptMax } from './limits.ts';

/** A request that was passed on to the agent, and what is known of it. */
export type StartedRequest = DesiredRequest & { readonly digest: string; readonly state: JsonObject };

const fileBytesMax = 16 * 1024 * 1024;

type Stored = {
  /** Of the desired properties that were looked at last. */
  version: number;
  /** By operation: oldest first, the last is what is asked for now. */
  requests: { [operation: string]: StartedRequest[] };
  /** By operation: what the twin was told last. */
  reported: JsonObject;
};

/**
 * What the twin has asked for and what it was told, in one file, written before anything is done. The same desired properties, read again after
 * a restart or a new connection, find here that they have been seen to.
 */
export class RequestJournal {
  readonly #platform: Platform;
  readonly #path: string;
  #stored: Stored;

  private constructor(platform: Platform, path: string, stored: Stored) {
    this.#platform = platform;
    this.#path = path;
    this.#stored = stored;
  }

  /** Throws Problem for a file that cannot be read: begun anew, all that was asked for would be done again. */
  static async open(platform: Platform, path: string): Promise<RequestJournal> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw fileProblem(error, path);
    });
    const bytes = await readSmallFile(path, fileBytesMax);
    return new RequestJournal(platform, path, bytes ? readStored(bytes, path) : { version: 0, requests: {}, reported: {} });
  }

  get version(): number {
    return this.#stored.version;
  }

  /** All that was asked for, whether it is asked for still or not. */
  get requests(): readonly StartedRequest[] {
    return Object.values(this.#stored.requests).flat();
  }

  find(operation: string, id: string): StartedRequest | undefined {
    return this.#of(operation).find((request) => request.id === id);
  }

  /** Whether nothing else has been asked of the operation since. */
  isNewest({ operation, id }: Pick<DesiredRequest, 'operation' | 'id'>): boolean {
    return this.newestOf(operation)?.id === id;
  }

  newestOf(operation: string): StartedRequest | undefined {
    return this.#of(operation).at(-1);
  }

  reportedOf(operation: string): Json | undefined {
    return Object.hasOwn(this.#stored.reported, operation) ? this.#stored.reported[operation] : undefined;
  }

  start(request: DesiredRequest): Promise<void> {
    const started = { ...request, digest: digestOf(request), state: { status: 'init' } };
    return this.#keep(request.operation, [...this.#of(request.operation).filter(({ id }) => id !== request.id), started]);
  }

  /** Makes it the newest again, when it is asked for once more. */
  touch(request: StartedRequest): Promise<void> {
    return this.#keep(request.operation, [...this.#of(request.operation).filter(({ id }) => id !== request.id), request]);
  }

  setState(request: StartedRequest, state: JsonObject): Promise<void> {
    const requests = this.#of(request.operation).map((kept) => (kept.id === request.id ? { ...kept, state } : kept));
    return this.#keep(request.operation, requests);
  }

  setVersion(version: number): void {
    this.#stored = { ...this.#stored, version };
  }

  setReported(operation: string, value: Json): Promise<void> {
    this.#stored = { ...this.#stored, reported: { ...this.#stored.reported, [operation]: value } };
    return this.#save();
  }

  forgetReported(operation: string): Promise<void> {
    const { [operation]: _forgotten, ...reported } = this.#stored.reported;
    this.#stored = { ...this.#stored, reported };
    return this.#save();
  }

  #of(operation: string): readonly StartedRequest[] {
    return Object.hasOwn(this.#stored.requests, operation) ? (this.#stored.requests[operation] ?? []) : [];
  }

  #keep(operation: string, requests: readonly StartedRequest[]): Promise<void> {
    const kept = { ...this.#stored.requests, [operation]: requests.slice(-requestsKeptMax) };
    this.#stored = { ...this.#stored, requests: kept };
    return this.#save();
  }

  #save(): Promise<void> {
    return replaceFile(this.#path, JSON.stringify(this.#stored), { mode: 0o600, random: this.#platform.random });
  }
}

/** Whether a request says the same as one that was started under its id. */
export function isSameRequest(request: DesiredRequest, started: StartedRequest): boolean {
  return digestOf(request) === started.digest;
}

function digestOf({ fields }: DesiredRequest): string {
  const sorted = JSON.stringify(fields, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}

function readStored(bytes: Buffer, path: string): Stored {
  try {
    const value = parseJson(bytes, { bytesMax: fileBytesMax, depthMax: 64 });
    const { version, requests, reported } = isJsonObject(value) ? value : {};
    if (typeof version !== 'number' || !isJsonObject(requests) || !isJsonObject(reported)) {
      throw new Problem('malformed', 'Members are missing.');
    }
    const read = Object.entries(requests).map(([operation, list]): [string, StartedRequest[]] => [
      operation,
      (Array.isArray(list) ? list : []).map(readRequest),
    ]);
    return { version, reported, requests: Object.fromEntries(read) };
  } catch (cause) {
    const detail = `${path} is not what it should be. Without it, all that the twin asks for would be done again; remove it if that is right.`;
    throw new Problem('malformed', detail, { cause });
  }
}

function readRequest(value: Json): StartedRequest {
  const { operation, id, fields, digest, state } = isJsonObject(value) ? value : {};
  if (
    typeof operation === 'string' &&
    typeof id === 'string' &&
    typeof digest === 'string' &&
    isJsonObject(fields) &&
    isJsonObject(state)
  ) {
    return { operation, id, fields, digest, state };
  }
  throw new Problem('malformed', 'A request is not what it should be.');
}
