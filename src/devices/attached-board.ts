import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import {
  type BoardClaimReply,
  type BoardClaimRequest,
  boardClaimRequestSchema,
  boardPaths,
  type SecurityState,
} from '#sphere/contract/attached-board.ts';
import { AttestationRefused } from './attestation-client.ts';

/** A claim that was refused on the board itself, before the service heard of it. */
export class ClaimRefused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = 'ClaimRefused';
    this.status = status;
    this.code = code;
  }
}

/** The kernel's limit for the path of a Unix socket, without its final zero. */
const socketPathBytesMax = 107;
const requestBytesMax = 8 * 1024;

export type AttachedBoardOptions = {
  readonly socketPath: string;
  readonly deviceId: string;
  /** What `/status` adds: free text for people. */
  readonly status: () => Record<string, string | boolean>;
  readonly claim: (request: BoardClaimRequest) => Promise<BoardClaimReply>;
};

/**
 * Stands in for a board on a USB cable: a Unix socket of mode 0600 that answers the local device
 * interface (sphere.md 1.7) and takes claim codes. Resolves when it listens.
 */
export async function serveAttachedBoard(options: AttachedBoardOptions): Promise<{ stop(): Promise<void> }> {
  if (Buffer.byteLength(options.socketPath) > socketPathBytesMax) {
    throw new Problem('argument-invalid', `The path of the board's socket is too long for the system: ${options.socketPath}.`);
  }
  if (await isAnswering(options.socketPath)) {
    throw new Problem('conflict', `This board is running already: ${options.socketPath} answers.`);
  }
  // Left by a board that was cut off from power.
  rmSync(options.socketPath, { force: true });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    answer(options, request)
      .then(({ status, body }) => send(response, status, body))
      .catch(() => send(response, 500, errorBody('internal', 'The board could not answer.')));
  });
  await listen(server, options.socketPath);
  chmodSync(options.socketPath, 0o600);
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Answer = { status: number; body: unknown };

async function answer(options: AttachedBoardOptions, request: IncomingMessage): Promise<Answer> {
  if (request.method === 'GET' && request.url === boardPaths.securityState) {
    const body: SecurityState = { securityState: 'SECURE', deviceIdentifier: options.deviceId };
    return { status: 200, body };
  }
  if (request.method === 'GET' && request.url === boardPaths.status) return { status: 200, body: options.status() };
  if (request.method === 'POST' && request.url === boardPaths.claims) return claim(options, request);
  return { status: 404, body: errorBody('not-found', 'The board does not know this path.') };
}

async function claim(options: AttachedBoardOptions, request: IncomingMessage): Promise<Answer> {
  const parsed = boardClaimRequestSchema.safeParse(await readBody(request));
  if (!parsed.success) return { status: 400, body: errorBody('malformed', 'The claim is not understood.') };
  try {
    return { status: 200, body: await options.claim(parsed.data) };
  } catch (error) {
    if (error instanceof AttestationRefused || error instanceof ClaimRefused) {
      return { status: error.status, body: errorBody(error.code, error.message) };
    }
    const detail = error instanceof Error ? error.message : String(error);
    return { status: 502, body: errorBody('service-unreachable', `The board did not reach the security service: ${detail}`) };
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    if (length > requestBytesMax) return undefined;
    parts.push(bytes);
  }
  try {
    return parseJson(Buffer.concat(parts));
  } catch {
    return undefined;
  }
}

function errorBody(code: string, message: string): { error: { code: string; message: string } } {
  return { error: { code, message } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, connection: 'close' });
  response.end(bytes);
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
