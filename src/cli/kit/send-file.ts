import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { request } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { CommandFailure } from './failure.ts';

const idleMsMax = 30_000;

/** Sends a file to `url` as it is read, whatever its size. No other root than `ca` is trusted. */
export async function sendFile(
  path: string,
  { url, ca }: { readonly url: string; readonly ca: string },
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CommandFailure('notFound', `There is no file ${path}.`, { cause });
  });
  if (!found.isFile()) throw new CommandFailure('failed', `${path} is no file.`);
  const sent = request(url, {
    method: 'PUT',
    ca,
    agent: false,
    timeout: idleMsMax,
    headers: { ...headers, 'content-length': String(found.size) },
  });
  sent.on('timeout', () => sent.destroy(new Error('timeout')));
  const answered = new Promise<number>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
  });
  try {
    const [status] = await Promise.all([answered, pipeline(createReadStream(path), sent)]);
    if (status !== 201) throw new CommandFailure('failed', `The server answered ${status}.`);
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    // The URL is a key to the file, so only its host is named.
    throw new CommandFailure('network', `No answer from ${new URL(url).host}.`, { cause });
  }
}
