import { createWriteStream, linkSync, renameSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Random } from '#base/random.ts';
import { CommandFailure } from './failure.ts';

const idleMsMax = 30_000;

/**
 * Fetches what `url` names into `path`, as it comes: files are larger than memory. The file has its name when it is
 * whole. No other root than `ca` is trusted. Answers how many bytes it has.
 */
export async function fetchFile(
  { url, ca }: { readonly url: string; readonly ca: string },
  path: string,
  options: { random: Random; isReplacing: boolean },
): Promise<number> {
  const temporary = join(dirname(path), `.${basename(path)}.${options.random.bytes(6).toString('hex')}`);
  try {
    const response = await ask(url, ca);
    if (response.statusCode !== 200) {
      response.destroy();
      throw new CommandFailure('failed', `The server answered ${response.statusCode}.`);
    }
    const file = createWriteStream(temporary, { flags: 'wx', flush: true });
    await pipeline(response, file);
    if (options.isReplacing) renameSync(temporary, path);
    else linkSync(temporary, path);
    return file.bytesWritten;
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause;
    const { code, syscall = '' }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause));
    const isOurs = ['open', 'write', 'link', 'rename', 'fsync'].includes(syscall);
    // The URL is a key to the file, so only its host is named.
    if (!isOurs) throw new CommandFailure('network', `No answer from ${new URL(url).host}.`, { why: code ?? '', cause });
    if (code === 'ENOENT') throw new CommandFailure('failed', `There is no directory ${dirname(path)}.`, { cause });
    throw new CommandFailure('failed', `${path} could not be written.`, { why: code ?? '', cause });
  } finally {
    rmSync(temporary, { force: true });
  }
}

function ask(url: string, ca: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { ca, agent: false, timeout: idleMsMax });
    sent.on('timeout', () => sent.destroy(new Error('timeout')));
    sent.on('error', reject);
    sent.on('response', resolve);
    sent.end();
  });
}
