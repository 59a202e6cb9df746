import { open } from 'node:fs/promises';
import { Problem } from '#base/problem.ts';
import { fileErrorCode, fileProblem } from './file-problem.ts';

/** Reads a file of at most `bytesMax`; undefined when there is none. Throws Problem for what is no regular file or too large. */
export async function readSmallFile(path: string, bytesMax: number): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
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
    throw fileProblem(error, path);
  }
}
