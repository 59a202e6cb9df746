import { createWriteStream } from 'node:fs';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { rootCertificates } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';

export type HttpsRequest = {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** PEM certificates that are trusted. */
  readonly roots: readonly string[];
  /** Who we are, where that is asked. */
  readonly identity?: { readonly certificatePem: string; readonly keyPem: string };
  readonly answerBytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type HttpsAnswer = { readonly status: number; readonly body: Buffer };

/** One request over a connection of its own, and its whole answer. Throws Problem `unavailable` that names the host and never the query. */
export function askHttps({ clock }: { clock: Clock }, asked: HttpsRequest): Promise<HttpsAnswer> {
  return exchange(clock, asked, async (status, stream) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { status, body: Buffer.concat(chunks) };
  });
}

/** Gets `url` into the new file `path`. Redirects are not followed: what was named is what is taken. */
export async function downloadHttps(
  { clock }: { clock: Clock },
  asked: Omit<HttpsRequest, 'method' | 'body' | 'identity' | 'roots'> & { readonly roots?: readonly string[] },
  path: string,
): Promise<void> {
  const roots = [...rootCertificates, ...(asked.roots ?? [])];
  await exchange(clock, { ...asked, roots, method: 'GET' }, async (status, stream) => {
    if (status !== 200) throw new Problem('unavailable', `${new URL(asked.url).host} answered with status ${status}.`);
    await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  });
}

async function exchange<T>(
  clock: Clock,
  asked: HttpsRequest,
  take: (status: number, stream: Transform) => Promise<T>,
): Promise<T> {
  const { url, method, headers = {}, body, roots, identity, answerBytesMax, timeoutMs, signal } = asked;
  const target = URL.parse(url);
  if (target?.protocol !== 'https:') throw new Problem('argument-invalid', 'Only https addresses are asked.');
  const late = new AbortController();
  const cancel = clock.after(timeoutMs, () => late.abort());
  const host = target.hostname.replace(/^\[|\]$/g, '');
  try {
    return await new Promise<T>((resolve, reject) => {
      const sent = request(
        {
          host,
          port: target.port || 443,
          path: target.pathname + target.search,
          method,
          headers: { ...headers, ...(body ? { 'content-length': String(body.length) } : {}) },
          ca: [...roots],
          ...(identity ? { cert: identity.certificatePem, key: identity.keyPem } : {}),
          servername: isIP(host) ? '' : host,
          minVersion: 'TLSv1.2',
          agent: false,
          signal: AbortSignal.any([late.signal, signal]),
        },
        (response) => {
          const bounded = boundedTo(answerBytesMax);
          response.once('error', (error) => bounded.destroy(error));
          response.pipe(bounded);
          take(response.statusCode ?? 0, bounded)
            .then(resolve, reject)
            .finally(() => response.destroy());
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  } catch (error) {
    if (error instanceof Problem) throw error;
    const why = late.signal.aborted ? 'it took too long' : error instanceof Error ? error.message : String(error);
    throw new Problem('unavailable', `${target.host} could not be asked: ${why}`, { cause: error });
  } finally {
    cancel();
  }
}

function boundedTo(bytesMax: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > bytesMax ? new Problem('payload-too-large', `The answer has more than ${bytesMax} bytes.`) : null, chunk);
    },
  });
}
