import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { Problem } from '#base/problem.ts';
import { fileErrorCode, fileProblem, linkProblem } from './file-problem.ts';

/** Neither is a link followed, nor does a pipe keep the open waiting. */
const ownNameOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Reads a file of at most `bytesMax`; undefined when there is none. Throws Problem for what is no regular file or too large, and, where
 * `followsLinks` is false, for a link.
 */
export async function readSmallFile(
  path: string,
  bytesMax: number,
  { followsLinks = true }: { readonly followsLinks?: boolean } = {},
): Promise<Buffer | undefined> {
  try {
    const file = await open(path, followsLinks ? constants.O_RDONLY : ownNameOnly);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new Problem('conflict', `${path} is not a file.`);
      if (stat.size > bytesMax) throw new Problem('payload-too-large', `${path} has more than ${bytesMax} bytes.`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    if (!followsLinks && fileErrorCode(error) === 'ELOOP') throw linkProblem(path);
    throw fileProblem(error, path);
  }
}
