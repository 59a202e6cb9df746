import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { makeDirectory } from '../host/write-file.ts';
import { KnownTime } from '../reach/known-time.ts';
import { loadReach } from '../reach/reach.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';

/** Gets a file that a request names, into a file that the caller removes. */
export type Download = (
  url: string,
  bytesMax: number,
  signal: AbortSignal,
) => Promise<{ readonly path: string; remove(): Promise<void> }>;

const downloadMsMax = 30 * 60_000;

/** Over https alone, from servers that the system trusts or the hub's CA has signed; nothing of ours is shown to them. */
export function downloadFile(platform: Platform, settings: TedgeSettings): Download {
  return async (url, bytesMax, signal) => {
    const { downloadHttps } = await import('../reach/https.ts');
    const directory = settings.path('tmp.path');
    await makeDirectory(directory);
    const path = join(directory, `tedge-${platform.random.bytes(9).toString('hex')}`);
    const remove = () => rm(path, { force: true });
    try {
      const reach = loadReach(settings, await KnownTime.open(platform, settings.path('data.path')));
      const { clock } = platform;
      await downloadHttps({ clock, reach }, { url, answerBytesMax: bytesMax, timeoutMs: downloadMsMax, signal }, path);
      return { path, remove };
    } catch (error) {
      await remove();
      throw error;
    }
  };
}
