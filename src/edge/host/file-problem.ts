import { Problem } from '#base/problem.ts';

/** What kept us from a file or directory, with its path, as a Problem in words. */
export function fileProblem(error: unknown, path: string): Problem {
  if (error instanceof Problem) return error;
  const code = fileErrorCode(error);
  switch (code) {
    case 'ENOENT':
      return new Problem('not-found', `There is no ${path}.`, { cause: error });
    case 'EEXIST':
      return new Problem('already-exists', `${path} exists.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new Problem('forbidden', `Permission denied: ${path}.`, { cause: error });
    case 'ENOTDIR':
      return new Problem('conflict', `${path} lies below something that is no directory.`, { cause: error });
    case 'EISDIR':
      return new Problem('conflict', `${path} is a directory.`, { cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new Problem('storage-full', `There is no room left for ${path}.`, { cause: error });
    default:
      return new Problem('unavailable', `${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** For what is done with the rights of another than who may write into the directory. */
export function linkProblem(path: string): Problem {
  return new Problem('conflict', `${path} is a link, and links are not followed here: name the file itself.`);
}

export function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
