import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Json, parseJson } from '#base/json.ts';

/** The only file of the simulators that opens sockets to a service. */

/** What a device holds up in a TLS handshake. */
export type ClientIdentity = { readonly certificatePem: string; readonly privateKeyPem: string };

export type Network = {
  /** PEM: the only roots a device trusts. */
  readonly ca: string;
  /** The manifest's `AllowedConnections` (sphere.md 6.2); undefined allows every host. */
  readonly allowedHosts?: readonly string[] | undefined;
};

/** A host that the manifest does not list: nothing was sent there. */
export class HostNotAllowed extends Error {
  constructor(host: string) {
    super(`${host} is not among the application's AllowedConnections.`);
    this.name = 'HostNotAllowed';
  }
}

const idleMsMax = 10_000;
const answerBytesMax = 256 * 1024;

/** A TLS connection whose server showed a certificate of our CA for `host`. */
export function openTls(
  network: Network,
  target: { host: string; port: number; identity?: ClientIdentity | undefined },
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    checkHost(network, target.host);
    const socket = connect({
      host: target.host,
      port: target.port,
      ca: network.ca,
      minVersion: 'TLSv1.2',
      timeout: idleMsMax,
      ...(isIP(target.host) ? {} : { servername: target.host }),
      ...(target.identity ? { cert: target.identity.certificatePem, key: target.identity.privateKeyPem } : {}),
    });
    socket.setNoDelay(true);
    const onIdle = () => socket.destroy(new Error(`${target.host}:${target.port} did not finish the handshake.`));
    socket.on('timeout', onIdle);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${target.host}:${target.port} closed the connection.`)));
    socket.once('secureConnect', () => {
      socket.off('timeout', onIdle);
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

export type JsonAnswer = {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;
  readonly body: Json | undefined;
};

/** One HTTPS request with a JSON body in and out. */
export function requestJson(
  network: Network,
  call: { method: 'GET' | 'POST'; url: string; json?: unknown },
): Promise<JsonAnswer> {
  const url = new URL(call.url);
  const payload = call.json === undefined ? undefined : Buffer.from(JSON.stringify(call.json));
  const headers: Record<string, string> = { accept: 'application/json' };
  if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(payload.length) });
  return new Promise((resolve, reject) => {
    if (url.protocol !== 'https:') throw new Error('The security service is reached over https only.');
    const host = url.hostname.replace(/^\[|\]$/g, '');
    checkHost(network, host);
    const options = { method: call.method, host, port: url.port || 443, path: url.pathname + url.search, headers };
    const sent = request({ ...options, ca: network.ca, agent: false, minVersion: 'TLSv1.2', timeout: idleMsMax });
    sent.on('timeout', () => sent.destroy(new Error(`${url.host} did not answer.`)));
    sent.on('error', reject);
    sent.on('response', (response) => readJson(response).then(resolve, reject));
    sent.end(payload);
  });
}

function checkHost(network: Network, host: string): void {
  if (network.allowedHosts && !network.allowedHosts.includes(host)) throw new HostNotAllowed(host);
}

async function readJson(response: IncomingMessage): Promise<JsonAnswer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response) {
    const bytes = Buffer.from(part);
    length += bytes.length;
    if (length > answerBytesMax) throw new Error('The answer is larger than any that is expected.');
    parts.push(bytes);
  }
  const seconds = response.headers['retry-after'];
  return {
    status: response.statusCode ?? 0,
    retryAfterSeconds: seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) : undefined,
    body: parseOrNothing(Buffer.concat(parts)),
  };
}

function parseOrNothing(bytes: Buffer): Json | undefined {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}
