import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { administer } from '../administration.ts';
import { listSentence } from './list-sentence.ts';

/** A list has at most 1 MiB; as PEM it is larger by a third. */
const fileBytesMax = 1.5 * 1024 * 1024;

export const crlUploadCommand: Command = {
  options: [{ name: 'path', short: 'p', value: 'FILE', isRequired: true, summary: 'A .crl or .pem file with one list' }],
  examples: ['homeport crl upload --path ca.crl'],
  notes: [
    'The CA that signed the list must be verified, at a hub or in an enrollment group. Devices it names are sent away at once.',
  ],
  async run(invocation) {
    const { options, terminal } = invocation;
    const path = resolve(terminal.workingDirectory, options.required('path'));
    const json = { file: read(path).toString('base64') };
    terminal.print(listSentence(await administer(invocation, { method: 'POST', path: '/revocation-lists', json })));
  },
};

function read(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure('failed', `${path} could not be read.`, { why });
  }
  if (bytes.length <= fileBytesMax) return bytes;
  throw new CommandFailure('failed', `${path} is too large.`, { why: 'A revocation list has at most 1 MiB.' });
}
