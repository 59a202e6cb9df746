import type { BlobAddress } from './blob-sas.ts';

/** Of a blob: 1 to 1024 characters. */
export const blobNameLengthMax = 1_024;

/** Azure takes no two hyphens in a row; a hub may have them in its name, and no two hubs share a container. */
const containerPattern = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

export function isContainerName(text: string): boolean {
  return containerPattern.test(text);
}

/**
 * The name as it is kept, or undefined for what cannot be one. A backslash becomes a slash, as in the cloud. Segments
 * `.` and `..` are none, nor are control characters: every client takes them out of a URL or cannot put them in, and
 * would write somewhere else than it was told.
 */
export function parseBlobName(text: string): string | undefined {
  const name = text.replaceAll('\\', '/');
  if (name === '' || name.length > blobNameLengthMax || !name.isWellFormed()) return undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(name)) return undefined;
  const segments = name.split('/');
  return segments.some((segment) => segment === '.' || segment === '..' || segment === '') ? undefined : name;
}

/** `/{container}/{name}`, each escaped as the client likes: some escape the slashes inside the name, too. */
export function parseBlobPath(path: string): BlobAddress | undefined {
  const end = path.indexOf('/', 1);
  if (!path.startsWith('/') || end < 0) return undefined;
  const container = path.slice(1, end);
  const name = decode(path.slice(end + 1));
  const parsed = name === undefined ? undefined : parseBlobName(name);
  return isContainerName(container) && parsed !== undefined ? { container, name: parsed } : undefined;
}

export function formatBlobPath({ container, name }: BlobAddress): string {
  return `/${container}/${name.split('/').map(encodeURIComponent).join('/')}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
