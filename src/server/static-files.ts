import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { HttpSurface } from '#listeners/surface.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Sent with every page and file of the app: nothing is loaded from, sent to or framed by anybody else. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

/** Built by `npm run build`, and part of the package. It lies as far from the source as from what is emitted of it. */
export const builtWebDirectory = join(import.meta.dirname, '../../web/dist');

type StaticFile = { body: Buffer; gzip: Buffer | undefined; type: string; etag: string; isHashed: boolean };

/**
 * Serves the built web app from memory. The set of paths is fixed when it is read, so no request can
 * name a file outside it; a path without a file is the app's own and gets its page.
 */
export function serveStaticFiles(directory: string): HttpSurface {
  const files = readFiles(directory);
  const page = files.get('/index.html');
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { allow: 'GET, HEAD' });
    const file = files.get(path) ?? (extname(path) === '' ? page : undefined);
    if (!file) return send(response, 404);
    sendFile(request, response, file);
  };
}

function readFiles(directory: string): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const body = readFileSync(path);
    const type = types[extname(entry.name)];
    if (!type) continue;
    files.set(`/${relative(directory, path).split(sep).join('/')}`, {
      body,
      gzip: /^(text|application|image\/svg)/.test(type) ? gzipSync(body, { level: 9 }) : undefined,
      type,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      // Vite puts a content hash into the names below assets/: such a file never changes.
      isHashed: path.includes(`${sep}assets${sep}`),
    });
  }
  return files;
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  const headers = {
    ...securityHeaders,
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  };
  if (request.headers['if-none-match'] === file.etag) {
    send(response, 304, headers);
    return;
  }
  const gzip = file.gzip && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') ? file.gzip : undefined;
  const body = gzip ?? file.body;
  response.writeHead(200, {
    ...headers,
    'content-type': file.type,
    'content-length': body.length,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function send(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...securityHeaders, ...headers }).end();
}
