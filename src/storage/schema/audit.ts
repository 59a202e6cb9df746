import type { Generated } from 'kysely';

/** One change that somebody made through a service (storage/audit-log.ts). */
export type AuditEntryRow = {
  /** Grows from entry to entry, with gaps. */
  sequence: Generated<number>;
  at: number;
  /** hub, provisioning, central, sphere or administration. */
  service: string;
  /** The hub it was asked of; null where none was. */
  hub: string | null;
  /** An access policy, a user, a device. */
  actor: string;
  /** By what it was known: policy, session, api-token… */
  credential: string;
  peer: string;
  /** A route: method and path, with the names of its parameters. */
  action: string;
  /** The path with what stood in the place of each. */
  target: string;
  detail: string;
  /** What was answered. */
  status: number;
  tracking_id: string;
};

export type AuditTables = { audit_entry: AuditEntryRow };
