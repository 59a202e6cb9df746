import { createWriteStream } from 'node:fs';
import { request } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import type { ClientCertificate } from '../host/tls.ts';
import { type Reach, reachServer } from './reach.ts';

export type HttpsRequest = {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Who we are, where that is asked. */
  readonly identity?: ClientCertificate | undefined;
  /** Anybody's server, not a service of the cloud's: what the system trusts is trusted as well. */
  readonly isPublic?: boolean;
  readonly answerBytesMax: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

export type HttpsAnswer = { readonly status: number; readonly body: Buffer };

/** How it is reached, and by whose clock it takes too long. */
export type HttpsWorld = { readonly clock: Clock; readonly reach: Reach };

const httpsPort = 443;

/** One request over a connection of its own, and its whole answer. Throws Problem `unavailable` that names the host and never the query. */
export function askHttps(world: HttpsWorld, asked: HttpsRequest): Promise<HttpsAnswer> {
  return exchange(world, asked, async (status, stream) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return { status, body: Buffer.concat(chunks) };
  });
}

/** Gets `url` into the new file `path`. Redirects are not followed: what was named is what is taken. */
export async function downloadHttps(
  world: HttpsWorld,
  asked: Pick<HttpsRequest, 'url' | 'answerBytesMax' | 'timeoutMs' | 'signal'>,
  path: string,
): Promise<void> {
  await exchange(world, { ...asked, method: 'GET', isPublic: true }, async (status, stream) => {
    if (status !== 200) throw new Problem('unavailable', `${new URL(asked.url).host} answered with status ${status}.`);
    await pipeline(stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  });
}

async function exchange<T>(
  { clock, reach }: HttpsWorld,
  asked: HttpsRequest,
  take: (status: number, stream: Transform) => Promise<T>,
): Promise<T> {
  const { url, method, headers = {}, body, identity, isPublic = false, answerBytesMax, timeoutMs, signal } = asked;
  const target = URL.parse(url);
  if (target?.protocol !== 'https:') throw new Problem('argument-invalid', 'Only https addresses are asked.');
  const late = new AbortController();
  const cancel = clock.after(timeoutMs, () => late.abort());
  const either = AbortSignal.any([late.signal, signal]);
  const host = target.hostname.replace(/^\[|\]$/g, '');
  try {
    const socket = await reachServer(reach, { host, port: Number(target.port) || httpsPort, identity, isPublic, signal: either });
    return await new Promise<T>((resolve, reject) => {
      const length = body ? { 'content-length': String(body.length) } : {};
      const sent = request(
        {
          createConnection: () => socket,
          path: target.pathname + target.search,
          method,
          headers: { ...headers, ...length, host: target.host },
          signal: either,
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
    }).finally(() => socket.destroy());
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
