import type { Cancel } from '#base/clock.ts';
import { dayMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import type { Database } from './database.ts';
import type { RefusalRow } from './schema/server.ts';

export type RefusalService = RefusalRow['service'];

/** A refusal as the surface that met it knows it. Texts may come from the peer: they are escaped here, once. */
export type RefusalEntry = {
  service: 'hub' | 'provisioning' | 'sphere' | 'central';
  /** Whom it was about: a device id, a registration id, a certificate. */
  subject: string;
  /** The peer's address. */
  peer: string;
  reason: string;
  detail: string;
  trace: readonly { readonly check: string; readonly passed: boolean; readonly detail?: string }[];
  fix?: string;
};

export type RefusalFilter = { service?: string; subject?: string; limit?: number };

/** Bounds of what is kept: an attacker decides how often we refuse, never how much we store. */
export const refusalLimits = {
  rowsMax: 10_000,
  pendingMax: 1_000,
  textCharactersMax: 400,
  traceStepsMax: 40,
  ageMaxMs: 30 * dayMs,
  flushMs: 250,
} as const;

/**
 * Keeps why somebody was refused, so that *why was my device refused* has an answer. Repeats of the
 * same refusal are one row with a count; rows are bounded in number, size and age. `record` never
 * throws and does no I/O: rows are written a moment later, in one transaction.
 */
export class RefusalLog {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #pending = new Map<string, RefusalRow>();
  readonly #listeners = new Set<(row: RefusalRow) => void>();
  #scheduled: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();
  #dropped = 0;

  constructor(platform: Platform, database: Database) {
    this.#platform = platform;
    this.#database = database;
  }

  record(entry: RefusalEntry): void {
    const row = this.#rowOf(entry);
    const { service, reason, subject, peer } = row;
    for (const listener of this.#listeners) listener(row);
    const key = row.refusal_id;
    const known = this.#pending.get(key);
    if (known) {
      known.times += 1;
      known.last_at = row.last_at;
      known.trace = row.trace;
      known.detail = row.detail;
    } else if (this.#pending.size < refusalLimits.pendingMax) {
      this.#pending.set(key, row);
      // Once for each collapsed row: strangers must not decide how much is logged.
      this.#platform.log.info(`${service}.refused`, { service, reason, subject, peer });
    } else this.#dropped += 1;
    this.#scheduled ??= this.#platform.clock.after(refusalLimits.flushMs, () => {
      this.#scheduled = undefined;
      void this.flush();
    });
  }

  /** Calls `listener` for each refusal as it happens; for open pages. */
  onRefusal(listener: (row: RefusalRow) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Newest first. */
  async list(filter: RefusalFilter = {}): Promise<RefusalRow[]> {
    await this.flush();
    let query = this.#database
      .selectFrom('refusal')
      .selectAll()
      .orderBy('last_at', 'desc')
      .limit(filter.limit ?? 100);
    if (filter.service !== undefined) query = query.where('service', '=', filter.service);
    if (filter.subject !== undefined) query = query.where('subject', '=', shorten(filter.subject));
    return query.execute();
  }

  /** How many attempts, repeats included, match `filter`. */
  async count(filter: RefusalFilter = {}): Promise<number> {
    await this.flush();
    let query = this.#database.selectFrom('refusal').select(({ fn }) => fn.sum<number>('times').as('times'));
    if (filter.service !== undefined) query = query.where('service', '=', filter.service);
    if (filter.subject !== undefined) query = query.where('subject', '=', shorten(filter.subject));
    return Number((await query.executeTakeFirst())?.times ?? 0);
  }

  /** Writes what is pending; resolves when it is stored. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async stop(): Promise<void> {
    this.#scheduled?.();
    await this.flush();
  }

  #rowOf(entry: RefusalEntry): RefusalRow {
    const now = this.#platform.clock.now();
    const steps = entry.trace.slice(-refusalLimits.traceStepsMax).map((step) => ({
      check: shorten(step.check),
      passed: step.passed,
      ...(step.detail === undefined ? {} : { detail: shorten(step.detail) }),
    }));
    const [service, reason, subject, peer] = [entry.service, entry.reason, shorten(entry.subject), shorten(entry.peer)];
    return {
      refusal_id: JSON.stringify([service, reason, subject, peer]),
      service,
      reason,
      subject,
      peer,
      detail: shorten(entry.detail),
      fix: entry.fix === undefined ? null : shorten(entry.fix),
      trace: JSON.stringify(steps),
      first_at: now,
      last_at: now,
      times: 1,
    };
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const rows = [...this.#pending.values()];
    this.#pending.clear();
    if (this.#dropped > 0) this.#platform.log.warn('refusal.dropped', { count: this.#dropped });
    this.#dropped = 0;
    try {
      await this.#database.transaction().execute(async (transaction) => {
        for (const row of rows) {
          await transaction
            .insertInto('refusal')
            .values(row)
            .onConflict((conflict) =>
              conflict.column('refusal_id').doUpdateSet((e) => ({
                times: e('refusal.times', '+', row.times),
                last_at: row.last_at,
                detail: row.detail,
                trace: row.trace,
                fix: row.fix,
              })),
            )
            .execute();
        }
        await transaction
          .deleteFrom('refusal')
          .where('last_at', '<', plus(this.#platform.clock.now(), -refusalLimits.ageMaxMs))
          .execute();
        await transaction
          .deleteFrom('refusal')
          .where('refusal_id', 'in', (nested) =>
            nested
              .selectFrom('refusal')
              .select('refusal_id')
              .orderBy('last_at', 'desc')
              .limit(1_000_000)
              .offset(refusalLimits.rowsMax),
          )
          .execute();
      });
    } catch (error) {
      // Losing an explanation must not lose the service.
      this.#platform.log.error('refusal.unwritten', { error: String(error), count: rows.length });
    }
  }
}

function shorten(text: string): string {
  return printable(text, refusalLimits.textCharactersMax);
}
