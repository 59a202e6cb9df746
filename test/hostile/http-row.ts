import type { TLSSocket } from 'node:tls';
import type { Facts } from './hostile-ground.ts';
import { inTime, type Row } from './hostile-ground.ts';

/** One request, byte for byte, and the status and code that answer it: `400 ArgumentInvalid`, or the bare status where no service speaks. */
export type HttpRow = Row & {
  request(facts: Facts): string | Buffer;
  readonly answer: string;
};

export type Ask = {
  readonly authorization?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly query?: string;
};

const version = 'api-version=2021-04-12';

/** A whole request. `query` replaces the api-version. */
export function ask(method: string, path: string, { authorization, headers = {}, body = '', query = version }: Ask): Buffer {
  const bytes = Buffer.from(body);
  const lines = [
    `${method} ${path}${query === '' ? '' : `?${query}`} HTTP/1.1`,
    'host: localhost',
    ...(authorization === undefined ? [] : [`authorization: ${authorization}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`,
    'connection: close',
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** What answers a row: everything until the server ends the connection. */
export async function httpAnswer({ request }: HttpRow, facts: Facts, socket: TLSSocket): Promise<string> {
  let text = '';
  const { promise: over, resolve } = Promise.withResolvers<void>();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.once('close', () => resolve());
  socket.once('end', () => resolve());
  socket.write(request(facts));
  await inTime(over, () => [text]);
  socket.destroy();
  const [, status = 'no status'] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
  const [, code] = /\r\niothub-errorcode: (\w+)/i.exec(text) ?? [];
  return code === undefined ? status : `${status} ${code}`;
}
