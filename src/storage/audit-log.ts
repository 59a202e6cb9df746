import type { Insertable, Selectable } from 'kysely';
import type { Cancel } from '#base/clock.ts';
import { type Concern, healthOf } from '#base/health.ts';
import { dayMs, hourMs, type Instant, plus } from '#base/instant.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import type { Database } from './database.ts';
import type { AuditEntryRow } from './schema/audit.ts';

export type AuditService = 'hub' | 'provisioning' | 'central' | 'sphere' | 'administration';

/** A change as the surface that made it knows it. No text of it may hold a secret: ids and paths, never bodies. */
export type AuditEntry = {
  readonly service: AuditService;
  readonly hub?: string | undefined;
  readonly actor: string;
  readonly credential: string;
  readonly peer: string;
  readonly action: string;
  readonly target: string;
  readonly detail?: string;
  readonly status: number;
  readonly trackingId: string;
};

export type KeptAuditEntry = Selectable<AuditEntryRow>;

export type AuditFilter = {
  readonly service?: string | undefined;
  readonly hub?: string | undefined;
  readonly actor?: string | undefined;
  /** Entries whose target begins so. */
  readonly target?: string | undefined;
  readonly since?: Instant | undefined;
  readonly until?: Instant | undefined;
  /** Entries before this one. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
};

export type AuditRetention = { readonly days: number; readonly entriesMax: number };

const limits = {
  textCharactersMax: 300,
  /** What waits for the database while it is slow; beyond it entries go to the log of the server alone. */
  pendingMax: 10_000,
  /** In one transaction. */
  batchMax: 500,
  sweepMs: hourMs,
  listMax: 1_000,
} as const;

type Pending = { readonly row: Insertable<AuditEntryRow>; readonly done: () => void };

/**
 * Keeps who changed what, and when. An entry is written right after its change and before that is answered, not in its
 * transaction: so a crash in between leaves a change whose author was told nothing, and an entry is never of a change
 * that did not happen. Entries that come together are one transaction. Where the database takes none, the change stands,
 * the entry goes to the log of the server as `audit.unwritten`, and health says so.
 */
export class AuditLog {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #retention: AuditRetention;
  readonly #cancelWatch: Cancel;
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;
  #sweep: Cancel | undefined;
  #unwritten = 0;

  constructor(platform: Platform, database: Database, retention: AuditRetention) {
    this.#platform = platform;
    this.#database = database;
    this.#retention = retention;
    this.#cancelWatch = healthOf(platform).watch('audit', () => this.#concerns());
  }

  start(): void {
    const { calendar } = this.#platform.clock;
    this.#sweep = calendar.after(limits.sweepMs, async () => {
      await this.forget();
      this.start();
    });
  }

  async stop(): Promise<void> {
    this.#sweep?.();
    this.#cancelWatch();
    while (this.#writing) await this.#writing;
  }

  /** Resolves when the entry is kept, or it is clear that it cannot be. Never rejects: the change has been made. */
  record(entry: AuditEntry): Promise<void> {
    const row = this.#rowOf(entry);
    if (this.#pending.length >= limits.pendingMax) {
      this.#lose([row], 'too many wait');
      return Promise.resolve();
    }
    return new Promise((done) => {
      this.#pending.push({ row, done });
      this.#writing ??= this.#write();
    });
  }

  /** Newest first. */
  async list(filter: AuditFilter = {}): Promise<KeptAuditEntry[]> {
    const { service, hub, actor, target, since, until, before, limit = 100 } = filter;
    let query = this.#database
      .selectFrom('audit_entry')
      .selectAll()
      .orderBy('sequence', 'desc')
      .limit(Math.min(limit, limits.listMax));
    if (service !== undefined) query = query.where('service', '=', service);
    if (hub !== undefined) query = query.where('hub', '=', hub);
    if (actor !== undefined) query = query.where('actor', '=', shorten(actor));
    // Not `like`: ids hold its wild cards.
    if (target !== undefined) query = query.where((e) => e.fn('substr', ['target', e.val(1), e.val(target.length)]), '=', target);
    if (since !== undefined) query = query.where('at', '>=', since);
    if (until !== undefined) query = query.where('at', '<', until);
    if (before !== undefined) query = query.where('sequence', '<', before);
    return query.execute();
  }

  /** Lets go of what is too old or too much. Runs by itself every hour. */
  async forget(): Promise<void> {
    const { days, entriesMax } = this.#retention;
    try {
      const before = plus(this.#platform.clock.now(), -days * dayMs);
      await this.#database.deleteFrom('audit_entry').where('at', '<', before).execute();
      const oldest = await this.#database
        .selectFrom('audit_entry')
        .select('sequence')
        .orderBy('sequence', 'desc')
        .offset(entriesMax)
        .limit(1)
        .executeTakeFirst();
      if (oldest) await this.#database.deleteFrom('audit_entry').where('sequence', '<=', oldest.sequence).execute();
    } catch (error) {
      this.#platform.log.error('audit.not-forgotten', { error: String(error) });
    }
  }

  #rowOf(entry: AuditEntry): Insertable<AuditEntryRow> {
    return {
      at: this.#platform.clock.now(),
      service: entry.service,
      hub: entry.hub === undefined ? null : shorten(entry.hub),
      actor: shorten(entry.actor),
      credential: shorten(entry.credential),
      peer: shorten(entry.peer),
      action: shorten(entry.action),
      target: shorten(entry.target),
      detail: shorten(entry.detail ?? ''),
      status: entry.status,
      tracking_id: shorten(entry.trackingId),
    };
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.slice(0, limits.batchMax);
      this.#pending = this.#pending.slice(limits.batchMax);
      const rows = batch.map(({ row }) => row);
      try {
        await this.#database.insertInto('audit_entry').values(rows).execute();
        for (const { service } of rows) {
          metricsOf(this.#platform).counter('homeport_audit_entries_total', { service }).value++;
        }
        this.#unwritten = 0;
      } catch (error) {
        this.#lose(rows, String(error));
      }
      for (const { done } of batch) done();
    }
    // At once, or what is recorded before this function's promise tells of its end would wait for nobody.
    this.#writing = undefined;
  }

  #lose(rows: readonly Insertable<AuditEntryRow>[], error: string): void {
    this.#unwritten += rows.length;
    metricsOf(this.#platform).counter('homeport_audit_unwritten_total').add(rows.length);
    for (const row of rows) this.#platform.log.error('audit.unwritten', { ...row, error });
  }

  #concerns(): Concern[] {
    if (this.#unwritten === 0) return [];
    const says = `The last ${this.#unwritten} changes are not in the audit log, since the database took no entry.`;
    const fix = 'Mend the database; the entries stand in the log of the server as audit.unwritten.';
    return [{ part: 'audit', state: 'degraded', says, fix }];
  }
}

function shorten(text: string): string {
  return printable(text, limits.textCharactersMax);
}
