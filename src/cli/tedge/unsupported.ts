import { CommandFailure } from '../kit/failure.ts';

/** Commands of the original that this build knows by name only (thin-edge.md 2). */
const unsupportedPaths = [
  'cert upload',
  'cert download',
  'config upgrade',
  'http',
  'bridge',
  'flows',
  'mapper',
  'hsm',
  'diag',
  'upload',
  'completions',
] as const;

/** What `words` name, when it is one of those: said before options are read, since we do not know them. */
export function unsupportedCommand(words: readonly string[]): string | undefined {
  const text = words.join(' ');
  return unsupportedPaths.find((path) => text === path || text.startsWith(`${path} `));
}

/** Exit code 1 as for every failure: the others have meanings of their own to scripts (thin-edge.md 2). */
export function unsupportedFailure(what: string): CommandFailure {
  return new CommandFailure('failed', `${what} is not supported by this build`, { fix: 'tedge --help lists what is.' });
}
