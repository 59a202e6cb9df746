import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Cancel } from '#base/clock.ts';
import { formatHttpDate, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { Blob, FileStore } from '#storage/file-store.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { type BlobPermission, checkBlobSas } from '#trust/check-blob-sas.ts';
import { parseBlobPath } from '#wire/azure/blob-name.ts';
import { type BlobAddress, type BlobKey, isBlobSasField, parseBlobSas } from '#wire/azure/blob-sas.ts';
import { blockListLimits, parseBlockId, parseBlockList } from '#wire/azure/block-list.ts';
import { blobErrorOf, formatBlobError } from './blob-errors.ts';
import { rangeOf, requireContentLength, writeOptionsOf } from './blob-request.ts';

export type BlobHttpOptions = {
  readonly platform: Platform;
  readonly store: Pick<FileStore, 'write' | 'stage' | 'commit' | 'load' | 'read' | 'delete'>;
  readonly key: BlobKey;
  readonly refusals: Pick<RefusalLog, 'record'>;
  /** Under whom it is kept that somebody was refused a blob. */
  subjectOf(address: BlobAddress): string;
};

type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly address: BlobAddress;
  readonly query: URLSearchParams;
};

/** Bodies on their way at the same time, in or out: each has a file open. Clients try a further one again. */
const transfersMax = 256;
/** A peer that sends nothing for so long is cut off. */
const idleMsMax = 30 * secondMs;

/** A file is what some device sent: it is never shown, whatever it says that it is, and its URL, which is a key, goes nowhere. */
const securityHeaders = {
  'cache-control': 'no-store',
  'content-disposition': 'attachment',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/**
 * As much of Azure's blob service as uploaders use (hub-device-protocol.md 7): one blob is written whole or in blocks,
 * read, and deleted, each by a signature in the URL that is good for this blob alone. Nothing is listed here.
 */
export function blobHttp({ platform, store, key, refusals, subjectOf }: BlobHttpOptions): HttpSurface {
  let transfers = 0;

  function admit(request: IncomingMessage, permission: BlobPermission): Omit<Call, 'request' | 'response'> {
    const [path = '', ...rest] = (request.url ?? '').split('?');
    const address = parseBlobPath(path);
    if (!address) throw new Problem('malformed', 'The path names no blob.', { reason: 'InvalidUri' });
    const query = new URLSearchParams(rest.join('?'));
    checkQuery(query, request.method === 'PUT');
    const verdict = checkBlobSas({ sas: parseBlobSas(query), key, address, permission, at: platform.clock.now() });
    if (verdict.accepted) return { address: verdict.value, query };
    const { remoteAddress: peer = '' } = request.socket;
    refusals.record({ service: 'hub', subject: subjectOf(address), peer, ...verdict.refusal });
    const isRight = verdict.refusal.reason === 'policy-right-missing';
    throw new Problem(isRight ? 'forbidden' : 'unauthorized', 'The shared access signature was refused.');
  }

  /** The body, as it comes; a peer that stops sending is cut off. */
  async function* bodyOf(request: IncomingMessage): AsyncGenerator<Buffer> {
    let cancel: Cancel = () => {};
    const watch = () => {
      cancel();
      cancel = platform.clock.after(idleMsMax, () => request.socket.destroy());
    };
    watch();
    try {
      // Whoever stops reading, for instance when the disk is full, still has an answer to give.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        // The disk may take its time: only the peer's counts.
        cancel();
        yield chunk;
        watch();
      }
    } finally {
      cancel();
    }
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (transfers >= transfersMax) throw new Problem('throttled', 'Too many transfers are under way.');
    transfers += 1;
    try {
      return await work();
    } finally {
      transfers -= 1;
    }
  }

  async function put({ request, response, address, query }: Call): Promise<void> {
    const content = { bytes: requireContentLength(request), chunks: bodyOf(request) };
    const options = writeOptionsOf(request);
    const comp = query.get('comp');
    if (comp === null) {
      if (request.headers['x-ms-blob-type'] !== 'BlockBlob') {
        throw new Problem('argument-invalid', 'x-ms-blob-type must be BlockBlob.', { reason: 'MissingRequiredHeader' });
      }
      return created(response, await store.write(address, content, options));
    }
    if (comp === 'block') {
      const blockId = parseBlockId((query.get('blockid') ?? '').replaceAll(' ', '+'));
      if (!blockId) {
        throw new Problem('argument-invalid', 'blockid is base64 of 1 to 64 bytes.', { reason: 'InvalidBlockId' });
      }
      await store.stage(address, blockId, content, options);
      return answer(response, 201);
    }
    if (comp === 'blocklist') {
      const ids = parseBlockList(await readText(content));
      if (!ids) {
        throw new Problem('malformed', 'The body is no list of blocks that wait for one.', { reason: 'InvalidXmlDocument' });
      }
      const { 'x-ms-blob-content-type': kind } = request.headers;
      return created(response, await store.commit(address, ids, { ...options, contentType: kind && options.contentType }));
    }
    throw new Problem('not-supported', 'Blocks and lists of blocks are all that comp may say.');
  }

  async function get({ request, response, address }: Call): Promise<void> {
    let range: { start: number; end: number } | undefined;
    const found = await store.read(address, ({ bytes }) => {
      range = rangeOf(request, bytes);
      return range ?? { start: 0, end: bytes };
    });
    if (!found) throw noBlob();
    const { blob, pieces } = found;
    const { start, end } = range ?? { start: 0, end: blob.bytes };
    response.writeHead(range ? 206 : 200, {
      ...headersOf(blob),
      'content-length': end - start,
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${blob.bytes}` }),
    });
    await pipeline(pieces, response);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (request.method) {
      case 'PUT':
        return inTurn(async () => put({ request, response, ...admit(request, 'w') }));
      case 'GET':
        return inTurn(async () => get({ request, response, ...admit(request, 'r') }));
      case 'HEAD': {
        const blob = await store.load(admit(request, 'r').address);
        if (!blob) throw noBlob();
        response.writeHead(200, { ...headersOf(blob), 'content-length': blob.bytes }).end();
        return;
      }
      case 'DELETE': {
        const { address } = admit(request, 'd');
        if (!(await store.delete(address))) throw noBlob();
        return answer(response, 202);
      }
      default:
        throw new Problem('method-not-allowed', 'A blob is put, got, looked at or deleted.');
    }
  }

  return (request, response) => {
    const trackingId = platform.random.uuid();
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    response.setHeader('x-ms-request-id', trackingId);
    response.setHeader('x-ms-version', '2020-10-02');
    void serve(request, response).catch((error: unknown) => {
      const problem = asProblem(error);
      if (response.headersSent || response.destroyed) return response.destroy();
      if (problem.code === 'internal') platform.log.error('blob.failed', { trackingId, error: String(problem.cause) });
      refuse(response, problem, { trackingId, isHead: request.method === 'HEAD' });
      // A client that is still sending would take a closed connection for a broken one, and not read the answer.
      request.resume();
    });
  };
}

function created(response: ServerResponse, blob: Blob): void {
  response.setHeader('etag', `"${blob.file}"`);
  response.setHeader('last-modified', formatHttpDate(blob.modifiedAt));
  response.setHeader('x-ms-request-server-encrypted', 'false');
  answer(response, 201);
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

function headersOf(blob: Blob) {
  return {
    'accept-ranges': 'bytes',
    'content-type': blob.contentType ?? 'application/octet-stream',
    etag: `"${blob.file}"`,
    'last-modified': formatHttpDate(blob.modifiedAt),
    'x-ms-blob-type': 'BlockBlob',
  };
}

function refuse(
  response: ServerResponse,
  problem: Problem,
  { trackingId, isHead }: { trackingId: string; isHead: boolean },
): void {
  const error = blobErrorOf(problem);
  const body = isHead ? '' : formatBlobError(error, problem, trackingId);
  response.writeHead(error.status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    'x-ms-error-code': error.name,
  });
  response.end(body);
}

async function readText({ bytes, chunks }: { bytes: number; chunks: AsyncIterable<Buffer> }): Promise<string> {
  if (bytes > blockListLimits.bytesMax) {
    throw new Problem('payload-too-large', `A list of blocks has at most ${blockListLimits.bytesMax} bytes.`);
  }
  const pieces: Buffer[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces).toString();
}

/** Snapshots, versions, metadata: to answer with the blob itself would be another answer than was asked for. */
function checkQuery(query: URLSearchParams, isWrite: boolean): void {
  const wrong = [...query.keys()].some(
    (name) => !isBlobSasField(name) && name !== 'timeout' && !(isWrite && blockFields.has(name)),
  );
  if (wrong) throw new Problem('not-supported', 'The query asks for something that this store does not do.');
}

const blockFields: ReadonlySet<string> = new Set(['comp', 'blockid']);

function noBlob(): Problem {
  return new Problem('not-found', 'There is no such blob.');
}
