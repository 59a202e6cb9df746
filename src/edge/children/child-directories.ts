import { readdir } from 'node:fs/promises';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import { isChildName } from './child-name.ts';

/** The child devices of earlier runs: those that have an outbox below `directory`. */
export async function listChildren(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).flatMap((fileName) => childOf(fileName) ?? []);
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, directory);
  }
}

/** The name of a child's directory: a child may be called `..`, and a directory may not. */
export function directoryOf(child: string): string {
  return child.replace(/[^A-Za-z0-9_-]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

function childOf(fileName: string): string | undefined {
  const child = fileName.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return isChildName(child) && directoryOf(child) === fileName ? child : undefined;
}
