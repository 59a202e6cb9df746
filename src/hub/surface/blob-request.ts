import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseBase64 } from '#base/bytes.ts';
import { Problem } from '#base/problem.ts';
import type { WriteOptions } from '#storage/file-store.ts';

/** A number of bytes, or Problem: the service takes no body whose length it is not told. */
export function requireContentLength({ headers }: Pick<IncomingMessage, 'headers'>): number {
  const text = headers['content-length'];
  if (text === undefined || !/^\d{1,15}$/.test(text)) {
    throw new Problem('malformed', 'Content-Length is needed.', { reason: 'MissingContentLengthHeader' });
  }
  return Number(text);
}

/** Conditions and properties that we would have to keep and do not: to leave them out in silence would be a lie. */
const unsupported = [
  'if-modified-since',
  'if-unmodified-since',
  'x-ms-if-tags',
  'x-ms-lease-id',
  'x-ms-content-crc64',
  'x-ms-copy-source',
  'x-ms-encryption-key',
  'x-ms-encryption-scope',
  'x-ms-tags',
  'x-ms-legal-hold',
  'x-ms-immutability-policy-mode',
  'x-ms-blob-content-encoding',
  'x-ms-blob-content-language',
  'content-encoding',
] as const;

/** What the headers of a write ask for. Throws Problem for what is not understood. */
export function writeOptionsOf({ headers }: Pick<IncomingMessage, 'headers'>): WriteOptions {
  const other = unsupported.find((name) => headers[name] !== undefined);
  const meta = Object.keys(headers).find((name) => name.startsWith('x-ms-meta-'));
  if (other ?? meta) {
    throw new Problem('argument-invalid', 'A header of the request asks for something that this store does not do.', {
      reason: 'UnsupportedHeader',
    });
  }
  const { 'if-none-match': ifNoneMatch, 'if-match': ifMatch } = headers;
  if ((ifNoneMatch !== undefined && ifNoneMatch !== '*') || ifMatch === '*') throw badHeader();
  const contentType = headers['x-ms-blob-content-type'] ?? headers['content-type'];
  const { 'content-md5': md5 } = headers as Record<string, string | undefined>;
  const expected = md5 === undefined ? undefined : parseBase64(md5);
  if (md5 !== undefined && expected?.length !== 16) throw badHeader();
  return {
    isNew: ifNoneMatch === '*',
    ...(ifMatch !== undefined && { replaces: ifMatch.replace(/^"(.*)"$/, '$1') }),
    contentType: mediaType(typeof contentType === 'string' ? contentType : undefined),
    ...(expected && { md5: { hash: createHash('md5'), expected } }),
  };
}

/** `bytes=1-2`, `bytes=1-`; anything else is no range, and the whole blob is the answer. */
export function rangeOf(
  { headers }: Pick<IncomingMessage, 'headers'>,
  bytes: number,
): { start: number; end: number } | undefined {
  const sent = headers['x-ms-range'] ?? headers.range;
  const [, first = '', last = ''] = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(typeof sent === 'string' ? sent : '') ?? [];
  if (first === '') return undefined;
  const start = Number(first);
  const end = last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  if (start >= bytes || end <= start) {
    throw new Problem('argument-invalid', 'The range is not within the blob.', { reason: 'InvalidRange' });
  }
  return { start, end };
}

const mediaTypePattern = /^[A-Za-z0-9!#$&^_.+-]{1,127}\/[A-Za-z0-9!#$&^_.+-]{1,127}(?:;[\x20-\x7e]{0,128})?$/;

/** What is no media type is kept as none. */
function mediaType(text: string | undefined): string | undefined {
  return text !== undefined && mediaTypePattern.test(text) ? text : undefined;
}

function badHeader(): Problem {
  return new Problem('argument-invalid', 'A header of the request has a value that this store does not know.', {
    reason: 'InvalidHeaderValue',
  });
}
