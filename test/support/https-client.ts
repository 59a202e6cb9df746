import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';

export type HttpsAnswer = { status: number; headers: IncomingHttpHeaders; text: string };

export type HttpsAsk = {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string;
};

/**
 * One request to a running server as it is, so that a test can lie about `host` and `origin`: `url` says
 * where to connect, the headers say what is claimed.
 */
export function askHttps(url: string, ca: string, ask: HttpsAsk = {}): Promise<HttpsAnswer> {
  const { hostname, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = ask;
    const host = hostname.replace(/^\[|\]$/g, '');
    const sent = request({ host, port: port || 443, path: pathname + search, method, headers, ca, servername: '', agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    sent.end(body);
  });
}
