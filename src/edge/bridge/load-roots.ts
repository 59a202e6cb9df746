import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '#base/problem.ts';
import { fileProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';

const fileBytesMax = 2 * 1024 * 1024;
/** A system's directory holds some hundred, each under two names and all in one bundle. */
const filesMax = 2_000;
const depthMax = 4;

/**
 * The certificates in a PEM file, or in all files below a directory, whatever they are called: names made of hashes are
 * not needed (thin-edge.md 7.1). Throws Problem `not-found` or `certificate-invalid`.
 */
export async function loadRoots(path: string): Promise<string[]> {
  const roots = new Set<string>();
  for (const file of await filesOf(path)) {
    for (const block of pemOf(await readSmallFile(file, fileBytesMax))) roots.add(block);
  }
  if (roots.size === 0) throw new Problem('certificate-invalid', `${path} holds no certificate.`);
  return [...roots];
}

function pemOf(bytes: Buffer | undefined): readonly string[] {
  const text = bytes?.toString('latin1') ?? '';
  return text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files: string[] = [];
    const directories = [{ path, depth: 0 }];
    for (let next = directories.shift(); next; next = directories.shift()) {
      for (const entry of await readdir(next.path, { withFileTypes: true })) {
        const inner = join(next.path, entry.name);
        if (entry.isDirectory() && next.depth < depthMax) directories.push({ path: inner, depth: next.depth + 1 });
        else if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(inner)))) files.push(inner);
        if (files.length > filesMax) throw new Problem('payload-too-large', `${path} holds more than ${filesMax} files.`);
      }
    }
    return files;
  } catch (error) {
    throw fileProblem(error, path);
  }
}

/** A link to nowhere is none. */
async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
