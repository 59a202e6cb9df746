import { dirname, join } from 'node:path';
import { makeDirectory } from '../host/write-file.ts';

/** Makes the directory of `path` when that is the `device-certs` of the configuration; any other must be there. */
export async function makeDeviceCerts(configDirectory: string, path: string): Promise<void> {
  if (dirname(path) === join(configDirectory, 'device-certs')) await makeDirectory(dirname(path));
}
