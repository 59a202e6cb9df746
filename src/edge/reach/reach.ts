import { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import { type Instant, instant } from '#base/instant.ts';
import { asProblem } from '#base/problem.ts';
import { loadRoots } from '../bridge/load-roots.ts';
import { type ClientCertificate, dialTls, systemRoots, type TlsSocket } from '../host/tls.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { dialThroughProxy, type HttpProxy, loadProxy } from './http-proxy.ts';
import type { KnownTime } from './known-time.ts';

/** How the cloud's services are reached from here. */
export type Reach = {
  /** A file or a directory. */
  readonly rootsPath: string;
  readonly proxy: HttpProxy | undefined;
  readonly time: KnownTime;
};

export type ReachTarget = {
  readonly host: string;
  readonly port: number;
  readonly identity?: ClientCertificate | undefined;
  /** Anybody's server: what the system trusts is trusted as well. */
  readonly isPublic?: boolean;
  readonly signal: AbortSignal;
};

/** The certificate of a service is not one that is trusted here: somebody has to look. */
export class ServerRefused extends Error {
  constructor(host: string, rootsPath: string, detail: string) {
    super(`${detail} What is trusted for ${host} lies in ${rootsPath} (az.root_cert_path) and is read at each attempt.`);
    this.name = 'ServerRefused';
  }
}

/** Throws Problem for settings that do not fit. */
export function loadReach(settings: TedgeSettings, time: KnownTime): Reach {
  return { rootsPath: resolve(settings.directory, settings.text('az.root_cert_path')), proxy: loadProxy(settings), time };
}

/**
 * Opens TLS to a service of the cloud. The roots are read each time, so that a new CA needs no restart. Rejects with ServerRefused, or
 * with what kept the connection from being made.
 */
export async function reachServer({ rootsPath, proxy, time }: Reach, target: ReachTarget): Promise<TlsSocket> {
  const { host, port, identity, isPublic = false, signal } = target;
  const roots = [...(await loadRoots(rootsPath)), ...(isPublic ? systemRoots() : [])];
  const judgedBy = time.judgedBy();
  // Where OpenSSL judges, as nearly always, nothing of it is loaded.
  const judging = judgedBy.kind === 'system' ? undefined : (await import('./judge-server.ts')).judgeServer;
  const refuse = (detail: string) => new ServerRefused(host, rootsPath, detail);
  const judge = (chain: readonly Buffer[]) => {
    if (judgedBy.kind === 'system') return;
    try {
      judging?.({ host, chain, roots, time: judgedBy });
    } catch (error) {
      throw refuse(asProblem(error).message);
    }
  };
  const through = proxy && (await dialThroughProxy(proxy, { host, port, signal }));
  const socket = await dialTls({ host, port, roots, identity, through, signal, ...(judging ? { judge } : {}) }).catch(
    (error: unknown) => {
      throw isCertificateError(error) ? refuse(`The certificate of ${host} is refused: ${reasonOf(error)}.`) : error;
    },
  );
  const until = endOf(socket);
  if (until !== undefined) await time.proven(until);
  // It may have ended meanwhile: nothing that listens from now on would be told.
  if (socket.destroyed) throw socket.errored ?? new Error(`${host}:${port} closed the connection.`);
  return socket;
}

/** When the server's certificate ends. */
export function endOf(socket: TlsSocket): Instant | undefined {
  const der = socket.getPeerX509Certificate()?.raw;
  return der && instant(new X509Certificate(der).validToDate.getTime());
}

/** What Node calls what OpenSSL found wrong with a chain, or what is wrong with the name. */
const certificateErrors =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)/;

/** Without Node's advice to change how Node is started, which is none for who runs tedge. */
function reasonOf({ message }: Error): string {
  return message.replace(/; if the root CA is installed locally.*$/s, '').replace(/\.$/, '');
}

function isCertificateError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && certificateErrors.test(error.code);
}
