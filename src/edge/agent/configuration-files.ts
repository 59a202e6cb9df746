import { createHash } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { fileErrorCode, fileProblem, linkProblem } from '../host/file-problem.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { replaceFile } from '../host/write-file.ts';
import type { UploadFile } from '../upload/upload-file.ts';
import type { Download } from './download.ts';
import { type ListedFile, loadFileList, requireType, typesOf } from './file-list.ts';
import { configurationBytesMax } from './limits.ts';
import type { Operation } from './operation.ts';

const listName = 'tedge-configuration-plugin.toml';
const newFileMode = 0o644;

/**
 * Neither operation follows a link: the agent is root as a rule, and who may write into the directory of a listed file would have any file of the
 * system uploaded or replaced.
 */
const followsLinks = false;

/** Uploads a listed configuration file to the hub as it is. */
export function configSnapshot(options: { configDirectory: string; upload: UploadFile }): Operation {
  const { configDirectory, upload } = options;
  return {
    name: 'config_snapshot',
    capability: async () => ({ types: await typesOf(configDirectory, listName) }),
    async run(request, { id, signal }) {
      refuseLocalTransfer(request);
      const { type, path } = await requireListed(configDirectory, request);
      const bytes = await readSmallFile(path, configurationBytesMax, { followsLinks });
      if (!bytes) throw new Problem('not-found', `There is no ${path}.`);
      return { path, blob: await upload(`config_snapshot/${type}-${id}`, bytes, signal) };
    },
  };
}

/**
 * Gives a listed file the content that stands in the request (`content`) or at an address (`remoteUrl`): whole or not at all, with the mode and the owner
 * that it had.
 */
export function configUpdate(platform: Platform, options: { configDirectory: string; download: Download }): Operation {
  const { configDirectory, download } = options;
  return {
    name: 'config_update',
    capability: async () => ({ types: await typesOf(configDirectory, listName) }),
    async run(request, { signal }) {
      refuseLocalTransfer(request);
      const listed = await requireListed(configDirectory, request);
      const bytes = await contentOf(request, (url) => download(url, configurationBytesMax, signal));
      await write(platform, listed, bytes);
      return { path: listed.path };
    },
  };
}

/** The list itself is no member of it unless its owner says so: else who may change one file could have every file. */
async function requireListed(configDirectory: string, request: JsonObject): Promise<ListedFile> {
  const type = requireType(request.type);
  const listed = (await loadFileList(configDirectory, listName)).find((file) => file.type === type);
  if (!listed) throw new Problem('not-found', `${listName} lists no type '${type}'.`);
  return listed;
}

function refuseLocalTransfer({ tedgeUrl }: JsonObject): void {
  if (tedgeUrl !== undefined) throw new Problem('not-supported', "There is no local file transfer: leave 'tedgeUrl' out.");
}

async function contentOf(request: JsonObject, download: (url: string) => Promise<DownloadedFile>): Promise<Buffer> {
  const { content, remoteUrl, sha256 } = request;
  if ((content === undefined) === (remoteUrl === undefined)) {
    throw new Problem('argument-invalid', "The request has either 'content' or 'remoteUrl'.");
  }
  const bytes = content === undefined ? await downloaded(remoteUrl, download) : textOf(content);
  const digest = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== undefined && digest !== sha256)
    throw new Problem('argument-invalid', `The content has the SHA-256 ${digest}, not the one asked for.`);
  if (bytes.length > configurationBytesMax) {
    throw new Problem('payload-too-large', `The content has ${bytes.length} bytes; at most ${configurationBytesMax} are taken.`);
  }
  return bytes;
}

type DownloadedFile = Awaited<ReturnType<Download>>;

async function downloaded(url: unknown, download: (url: string) => Promise<DownloadedFile>): Promise<Buffer> {
  if (typeof url !== 'string') throw new Problem('argument-invalid', "'remoteUrl' is no text.");
  const file = await download(url);
  try {
    return (await readSmallFile(file.path, configurationBytesMax)) ?? Buffer.alloc(0);
  } finally {
    await file.remove();
  }
}

function textOf(content: unknown): Buffer {
  if (typeof content === 'string') return Buffer.from(content);
  throw new Problem('argument-invalid', "'content' is no text.");
}

async function write({ random }: Platform, { path, more }: ListedFile, bytes: Buffer): Promise<void> {
  const before = await lstat(path).catch((error: unknown) => {
    if (fileErrorCode(error) === 'ENOENT') return undefined;
    throw fileProblem(error, path);
  });
  if (before?.isSymbolicLink()) throw linkProblem(path);
  if (before && !before.isFile()) throw new Problem('conflict', `${path} is not a file.`);
  const { mode = BigInt(newFileMode), service, ...unknown } = more;
  // Before anything is written: who relies on them would have a file that is not as it should be.
  if (service !== undefined)
    throw new Problem('not-supported', `${path} is listed with a 'service' to restart, which this build does not do.`);
  const [first] = before ? [] : Object.keys(unknown);
  if (first !== undefined)
    throw new Problem('not-supported', `There is no ${path} yet, and '${first}' of a new file is not supported.`);
  if (typeof mode !== 'bigint' || mode < 0n || mode > 0o777n)
    throw new Problem('argument-invalid', `The mode of ${path} is not from 0 to 0o777.`);
  const owner = before && { uid: before.uid, gid: before.gid };
  const kept = before ? before.mode & 0o7777 : Number(mode);
  await replaceFile(path, bytes, { mode: kept, random, followsLinks, ...(owner ? { owner } : {}) });
}
