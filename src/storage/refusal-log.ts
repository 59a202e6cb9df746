import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { dayMs, type Instant, plus } from '#base/instant.ts';
import { metricsOf } from '#base/metrics.ts';
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
  /** The instant the rules were checked against; now, where there were none. */
  at?: Instant;
  chain?: readonly KeptLink[];
  /** Looks for what comes nearest; called later, and not for every refusal of a flood. */
  findNearest?: () => Promise<readonly KeptNearMatch[]>;
};

/** One certificate of the chain that was put together, or the place of one that was missing. */
export type KeptLink = {
  readonly role: string;
  readonly subject: string;
  readonly faults: readonly { readonly reason: string; readonly detail: string }[];
  readonly certificate?: {
    readonly issuer: string;
    readonly sha1Thumbprint: string;
    readonly sha256Thumbprint: string;
    readonly notBefore: number;
    readonly notAfter: number;
  };
};

export type KeptNearMatch = { readonly kind: string; readonly name: string; readonly detail: string };

export type RefusalFilter = {
  service?: string;
  subject?: string;
  /** A hub by its name: subjects of hubs beside `main` begin with theirs. */
  hub?: string;
  limit?: number;
};

/** Bounds of what is kept: an attacker decides how often we refuse, never how much we store. */
export const refusalLimits = {
  rowsMax: 10_000,
  pendingMax: 1_000,
  textCharactersMax: 400,
  traceStepsMax: 40,
  chainLinksMax: 8,
  nearestMax: 5,
  /** Rows of one flush for which somebody looks up what comes nearest. */
  lookUpsMax: 10,
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
  readonly #pending = new Map<string, PendingRefusal>();
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
    metricsOf(this.#platform).counter('homeport_refusals_total', { service, reason }).value++;
    for (const listener of this.#listeners) listener(row);
    const key = row.refusal_id;
    const known = this.#pending.get(key);
    if (known || this.#pending.size < refusalLimits.pendingMax) {
      const { times, first_at } = known?.row ?? { times: 0, first_at: row.first_at };
      this.#pending.set(key, { row: { ...row, first_at, times: times + 1 }, findNearest: entry.findNearest });
    }
    if (known) {
      // Logged already.
    } else if (this.#pending.has(key)) {
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
  async list(filter: RefusalFilter = {}): Promise<KeptRefusal[]> {
    await this.flush();
    const { hub } = filter;
    let query = this.#database
      .selectFrom('refusal')
      .selectAll()
      .orderBy('last_at', 'desc')
      .limit(filter.limit ?? 100);
    if (filter.service !== undefined) query = query.where('service', '=', filter.service);
    if (filter.subject !== undefined) query = query.where('subject', '=', shorten(filter.subject));
    if (hub !== undefined) query = query.where('service', '=', 'hub');
    if (hub === 'main') query = query.where('subject', 'not like', '%//%');
    else if (hub !== undefined) query = query.where('subject', 'like', `${hub.replaceAll(/[^a-z0-9-]/gi, '')}//%`);
    return (await query.execute()).map(withShortId);
  }

  /** By the id that lists show. */
  async load(shortId: string): Promise<KeptRefusal | undefined> {
    await this.flush();
    const query = this.#database.selectFrom('refusal').selectAll();
    const row = await query.where('short_id', '=', shortId).executeTakeFirst();
    if (row) return withShortId(row);
    // Rows of a version that had no short ids go within thirty days.
    const older = await query.where('short_id', 'is', null).limit(refusalLimits.rowsMax).execute();
    return older.map(withShortId).find((each) => each.short_id === shortId);
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
    const refusalId = JSON.stringify([service, reason, subject, peer]);
    const chain = entry.chain?.slice(0, refusalLimits.chainLinksMax).map(shortenLink);
    return {
      refusal_id: refusalId,
      short_id: shortIdOf(refusalId),
      chain: chain ? JSON.stringify(chain) : null,
      nearest: null,
      evaluated_at: entry.at ?? now,
      // Not told apart from the real clock by anything but this.
      clock_moved_ms: this.#platform.clock.offsetMs || null,
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

  /** One after the other, and for so many: strangers must not decide how much is looked up. */
  async #withNearest(pending: readonly PendingRefusal[]): Promise<RefusalRow[]> {
    let left: number = refusalLimits.lookUpsMax;
    const rows: RefusalRow[] = [];
    for (const { row, findNearest } of pending) {
      if (!findNearest || left === 0) {
        rows.push(row);
        continue;
      }
      left -= 1;
      try {
        const found = (await findNearest()).slice(0, refusalLimits.nearestMax);
        const nearest = found.map(({ kind, name, detail }) => ({ kind, name: shorten(name), detail: shorten(detail) }));
        rows.push({ ...row, nearest: JSON.stringify(nearest) });
      } catch (error) {
        this.#platform.log.error('refusal.unexplained', { error: String(error) });
        rows.push(row);
      }
    }
    return rows;
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    if (this.#dropped > 0) this.#platform.log.warn('refusal.dropped', { count: this.#dropped });
    this.#dropped = 0;
    const rows = await this.#withNearest(pending);
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
                short_id: row.short_id,
                chain: row.chain,
                evaluated_at: row.evaluated_at,
                clock_moved_ms: row.clock_moved_ms,
                // What was found once is not forgotten because nobody had time to look again.
                ...(row.nearest === null ? {} : { nearest: row.nearest }),
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

/** A row as it is read: every one has a short id. */
export type KeptRefusal = RefusalRow & { short_id: string };

type PendingRefusal = { row: RefusalRow; findNearest: RefusalEntry['findNearest'] };

/** Short enough to type; the same refusal keeps it, so that a link stays good. */
function shortIdOf(refusalId: string): string {
  return sha256Hex(Buffer.from(refusalId)).slice(0, 16);
}

function withShortId(row: RefusalRow): KeptRefusal {
  return { ...row, short_id: row.short_id ?? shortIdOf(row.refusal_id) };
}

function shortenLink({ role, subject, faults, certificate }: KeptLink): KeptLink {
  const kept = {
    role,
    subject: shorten(subject),
    faults: faults.slice(0, 4).map(({ reason, detail }) => ({ reason, detail: shorten(detail) })),
  };
  if (!certificate) return kept;
  const { issuer, sha1Thumbprint, sha256Thumbprint, notBefore, notAfter } = certificate;
  return { ...kept, certificate: { issuer: shorten(issuer), sha1Thumbprint, sha256Thumbprint, notBefore, notAfter } };
}

function shorten(text: string): string {
  return printable(text, refusalLimits.textCharactersMax);
}
