import type { AuditEntry, AuditLog } from './audit-log.ts';

/** A call over HTTP that changed something, as the router tells of it. */
export type ChangedCall<Caller> = {
  readonly caller: Caller;
  readonly method: string;
  /** With the names of its parameters. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly trackingId: string;
  readonly status: number;
  /** What was changed, where the path does not say it. */
  readonly changed: readonly string[];
};

export type Author = Pick<AuditEntry, 'actor' | 'credential'> & { readonly hub?: string | undefined };

/** Of one call; a bulk call names a hundred. */
const entriesMax = 100;

/** Writes the calls of one service into the audit log; `authorOf` says who made one, and at which hub. */
export function auditCalls<Caller>(
  audit: Pick<AuditLog, 'record'>,
  service: AuditEntry['service'],
  authorOf: (call: ChangedCall<Caller>) => Author,
): (call: ChangedCall<Caller>) => Promise<void> {
  return async (call) => {
    const { method, path, params, remoteAddress, trackingId, status, changed } = call;
    const entry = {
      service,
      ...authorOf(call),
      // A Unix socket has no address.
      peer: remoteAddress === '' ? 'administration socket' : remoteAddress,
      action: `${method} ${path}`,
      target: path.replaceAll(/:([A-Za-z]+)/g, (all, name: string) => params[name] ?? all),
      status,
      trackingId,
    };
    const details = changed.length === 0 ? [''] : changed.slice(0, entriesMax);
    await Promise.all(details.map((detail) => audit.record({ ...entry, detail })));
  };
}
