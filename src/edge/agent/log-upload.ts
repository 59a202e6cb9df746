import { constants } from 'node:fs';
import { glob, lstat, open, realpath } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { secondMs } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { parseRfc3339 } from '../entities/time-text.ts';
import { fileErrorCode, fileProblem } from '../host/file-problem.ts';
import type { UploadFile } from '../upload/upload-file.ts';
import { loadFileList, requireType, typesOf } from './file-list.ts';
import { logBytesMax, logFilesMax, logLinesDefault, logLinesMax, logTailBytesMax } from './limits.ts';
import type { Operation } from './operation.ts';

const listName = 'tedge-log-plugin.toml';

type LogRequest = {
  readonly type: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly searchText: string;
  readonly linesMax: number;
};

/** Uploads the newest lines of the log files of a type to the hub. */
export function logUpload(options: { configDirectory: string; upload: UploadFile }): Operation {
  const { configDirectory, upload } = options;
  return {
    name: 'log_upload',
    capability: async () => ({ types: await typesOf(configDirectory, listName) }),
    async run(request, { id, signal }) {
      const wanted = readRequest(request);
      const patterns = (await loadFileList(configDirectory, listName)).filter(({ type }) => type === wanted.type);
      if (patterns.length === 0) throw new Problem('not-found', `${listName} lists no type '${wanted.type}'.`);
      const files = (await Promise.all(patterns.map(({ path }) => filesOf(path)))).flat();
      const text = await collectLines(files, wanted);
      return { blob: await upload(`log_upload/${wanted.type}-${id}.log`, Buffer.from(text), signal) };
    },
  };
}

function readRequest(request: JsonObject): LogRequest {
  const { dateFrom, dateTo, searchText = '', lines = logLinesDefault, tedgeUrl } = request;
  if (tedgeUrl !== undefined)
    throw new Problem('not-supported', "There is no local file transfer: logs go to the hub, without 'tedgeUrl'.");
  if (typeof searchText !== 'string') throw new Problem('argument-invalid', "'searchText' is no text.");
  if (typeof lines !== 'number' || !Number.isInteger(lines) || lines < 1 || lines > logLinesMax) {
    throw new Problem('argument-invalid', `'lines' is a whole number from 1 to ${logLinesMax}.`);
  }
  const time = (name: string, value: unknown, otherwise: number) => {
    const seconds = typeof value === 'string' ? parseRfc3339(value) : undefined;
    if (value !== undefined && seconds === undefined)
      throw new Problem('argument-invalid', `'${name}' is no time as RFC 3339 writes it.`);
    return seconds === undefined ? otherwise : seconds * secondMs;
  };
  return {
    type: requireType(request.type),
    fromMs: time('dateFrom', dateFrom, Number.NEGATIVE_INFINITY),
    toMs: time('dateTo', dateTo, Number.POSITIVE_INFINITY),
    searchText,
    linesMax: lines,
  };
}

type LogFile = { readonly path: string; readonly changedMs: number; readonly createdMs: number };

/**
 * Regular files only. A pattern is no reason to follow a link, be it to a file or to a directory on the way: who may write into a directory of
 * logs would have any file of the system uploaded.
 */
async function filesOf(pattern: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const fixed = fixedPartOf(pattern);
  const realFixed = await realpath(fixed).catch(() => undefined);
  if (realFixed === undefined) return files;
  for await (const path of glob(pattern)) {
    const real = await realpath(path).catch(() => undefined);
    if (real !== join(realFixed, relative(fixed, path))) continue;
    const stat = await lstat(path).catch(() => undefined);
    if (stat?.isFile()) files.push({ path, changedMs: stat.mtimeMs, createdMs: stat.birthtimeMs });
    if (files.length > logFilesMax) throw new Problem('payload-too-large', `${pattern} names more than ${logFilesMax} files.`);
  }
  return files;
}

/** What stands before the first segment that matches names: the administrator's own, who may have links there. */
function fixedPartOf(pattern: string): string {
  const segments = pattern.split('/');
  const first = segments.findIndex((segment) => /[*?[{\\]|[!+@]\(/.test(segment));
  return first < 0 ? pattern : segments.slice(0, first).join('/') || '/';
}

/** The newest lines, oldest first, with the name of its file above each part. */
async function collectLines(files: readonly LogFile[], wanted: LogRequest): Promise<string> {
  const inTime = files.filter(({ changedMs, createdMs }) => changedMs >= wanted.fromMs && createdMs <= wanted.toMs);
  if (inTime.length === 0) throw new Problem('not-found', `There is no log file of type '${wanted.type}' of that time.`);
  const parts: string[] = [];
  let linesLeft = wanted.linesMax;
  let bytesLeft = logBytesMax;
  for (const { path } of inTime.sort((one, two) => two.changedMs - one.changedMs)) {
    const heading = `filename: ${path}\n`;
    bytesLeft -= Buffer.byteLength(heading);
    const found = (await readTail(path)).split('\n').filter((line) => line !== '' && line.includes(wanted.searchText));
    const kept: string[] = [];
    for (let line = found.pop(); line !== undefined && linesLeft > 0; line = found.pop()) {
      bytesLeft -= Buffer.byteLength(line) + 1;
      if (bytesLeft < 0) break;
      kept.push(line);
      linesLeft--;
    }
    if (kept.length > 0) parts.push(`${heading}${kept.reverse().join('\n')}\n`);
    if (linesLeft === 0 || bytesLeft < 0) break;
  }
  return parts.reverse().join('');
}

async function readTail(path: string): Promise<string> {
  try {
    // Between the look and now it may have become a link.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      const start = Math.max(0, size - logTailBytesMax);
      const bytes = Buffer.alloc(Math.min(size, logTailBytesMax));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
      const text = bytes.subarray(0, bytesRead).toString('utf8');
      return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
    } finally {
      await file.close();
    }
  } catch (error) {
    // Rotated away a moment ago.
    if (fileErrorCode(error) === 'ENOENT' || fileErrorCode(error) === 'ELOOP') return '';
    throw fileProblem(error, path);
  }
}
