import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { dayMs, type Instant, instant, minuteMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type CrlEntry, issueCrl } from '#pki/issue-crl.ts';
import type { ClockGuard } from '#sphere/clock/clock-guard.ts';
import type { Authorities } from '#sphere/tenants/authorities.ts';
import type { Authority } from '#sphere/tenants/authority.ts';
import type { Database } from '#storage/database.ts';
import { loadBarredLeaves, loadList, loadListHeads, loadLists, replaceList } from './revocation-store.ts';

/** A list and the certificate of the CA that signed it, both DER: all that a relying party needs. */
export type RevocationList = { readonly der: Buffer; readonly issuerDer: Buffer };

export type RevocationListsOptions = {
  platform: Platform;
  database: Database;
  authorities: Authorities;
  clockGuard: ClockGuard;
};

/** A list is made anew every day, though it is good for seven. */
export const listRenewalMs = dayMs;
type IssueOutcome = 'issued' | 'overtaken' | 'failed';

/** What relying parties read at most is a mebibyte; an entry takes 49 bytes of it. */
const entriesMax = 20_000;
const attemptsMax = 5;
const retryMs = minuteMs;
/** An entry stays until a list was made after the certificate ended (RFC 5280 3.3), and then some. */
const endedEntriesMs = 2 * dayMs;

/**
 * What our CAs have taken back: a tenant's CA lists the daily certificates of its suspended and revoked devices, the
 * policy CA the tenants' CAs that were revoked. What a list says follows from the states of devices and CAs, so a
 * crash between a deed and its list is mended by the next `refresh`.
 */
export class RevocationLists {
  readonly #options: RevocationListsOptions;
  readonly #listeners = new Set<(list: RevocationList) => void>();
  #refreshing: Promise<unknown> = Promise.resolve();
  #retry: Cancel | undefined;

  constructor(options: RevocationListsOptions) {
    this.#options = options;
  }

  /** Calls `listener` with each list as soon as it is stored. */
  onList(listener: (list: RevocationList) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest list of each of our CAs. */
  async list(): Promise<RevocationList[]> {
    const issuers = new Map((await this.#options.authorities.listAll()).map((each) => [each.certificate.serialHex, each]));
    return (await loadLists(this.#options.database)).flatMap(({ authority_serial, der }) => {
      const issuer = issuers.get(authority_serial);
      return issuer ? [{ der: Buffer.from(der), issuerDer: issuer.certificate.der }] : [];
    });
  }

  /** Throws Problem `certificate-not-found`. */
  async require(authoritySerial: string): Promise<Buffer> {
    const row = await loadList(this.#options.database, authoritySerial);
    if (!row) throw new Problem('certificate-not-found', 'There is no such revocation list.');
    return Buffer.from(row.der);
  }

  /**
   * Issues each list that is missing, says something else than it should, or is a day old. Throws Problem `unavailable`
   * when one of them could not be signed; the others are issued all the same.
   */
  refresh(): Promise<void> {
    const refreshed = this.#refreshing.then(() => this.#refresh());
    this.#refreshing = refreshed.catch(() => undefined);
    return refreshed;
  }

  /** Resolves when nothing is under way and nothing will be. */
  async stop(): Promise<void> {
    await this.#refreshing;
    this.#retry?.();
  }

  async #refresh(): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const outcomes = await this.#issueDue();
      if (outcomes.includes('failed')) break;
      // Another process was first; whether its lists say all that ours would have is seen by looking again.
      if (!outcomes.includes('overtaken')) return;
    }
    this.#retryLater();
    throw new Problem('unavailable', 'A revocation list could not be issued; the log says why, and it is tried again.', {
      reason: 'revocation-list',
      retryAfterSeconds: retryMs / 1000,
    });
  }

  #retryLater(): void {
    this.#retry?.();
    this.#retry = this.#options.platform.clock.after(retryMs, () => {
      void this.refresh().catch(() => undefined);
    });
  }

  async #issueDue(): Promise<IssueOutcome[]> {
    const { authorities, database, clockGuard } = this.#options;
    const now = await clockGuard.trustedNow();
    // Numbers before states: a state that changes after this is listed under a later number than these lead to.
    const heads = new Map((await loadListHeads(database)).map((head) => [head.authority_serial, head]));
    const all = await authorities.listAll();
    const entries = await this.#entries(all, now);
    const outcomes: IssueOutcome[] = [];
    for (const authority of all) {
      if (authority.state === 'revoked' || authority.certificate.notAfter <= now) continue;
      const serial = authority.certificate.serialHex;
      const own = this.#atMost(entries.get(serial) ?? [], serial);
      const digest = sha256Hex(JSON.stringify(own));
      const head = heads.get(serial);
      const isDue = !head || now >= plus(instant(head.issued_at), listRenewalMs) || now < head.issued_at;
      if (!isDue && head.entries_sha256 === digest) continue;
      outcomes.push(await this.#issue(authority, { number: (head?.number ?? 0) + 1, entries: own, digest, now }));
    }
    return outcomes;
  }

  async #issue(
    authority: Authority,
    { number, entries, digest, now }: { number: number; entries: readonly CrlEntry[]; digest: string; now: Instant },
  ): Promise<IssueOutcome> {
    const { authorities, database, platform } = this.#options;
    const { certificate } = authority;
    const serial = certificate.serialHex;
    try {
      const der = issueCrl({ issuer: await authorities.loadIssuer(authority), number: BigInt(number), entries, now });
      const row = { authority_serial: serial, number, der, entries_sha256: digest, issued_at: now };
      if (!(await replaceList(database, row))) return 'overtaken';
      platform.log.info('revocation-list.issued', { serial, number, entries: entries.length });
      for (const listener of this.#listeners) listener({ der, issuerDer: certificate.der });
      return 'issued';
    } catch (error) {
      platform.log.error('revocation-list.failed', { serial, error: String(error) });
      return 'failed';
    }
  }

  /** By the serial of the CA that lists them. */
  async #entries(all: readonly Authority[], now: Instant): Promise<Map<string, CrlEntry[]>> {
    const endedSince = plus(now, -endedEntriesMs);
    const entries = new Map<string, CrlEntry[]>(all.map(({ certificate }) => [certificate.serialHex, []]));
    for (const leaf of await loadBarredLeaves(this.#options.database, endedSince)) {
      const at = instant(leaf.status_changed_at ?? leaf.claimed_at);
      const reason = leaf.status === 'suspended' ? 'certificateHold' : 'privilegeWithdrawn';
      entries.get(leaf.authority_serial ?? '')?.push({ serialHex: leaf.serial ?? '', at, reason });
    }
    for (const { certificate, state, stateChangedAt } of all) {
      if (state !== 'revoked' || certificate.notAfter <= endedSince) continue;
      const issuer = all.find((other) => other.certificate.subjectKeyId === certificate.authorityKeyId);
      const at = stateChangedAt ?? certificate.notBefore;
      entries.get(issuer?.certificate.serialHex ?? '')?.push({ serialHex: certificate.serialHex, at, reason: 'cACompromise' });
    }
    return entries;
  }

  /** The newest of them, where there are more than fit. */
  #atMost(entries: readonly CrlEntry[], serial: string): readonly CrlEntry[] {
    if (entries.length <= entriesMax) return entries;
    this.#options.platform.log.error('revocation-list.full', { serial, entries: entries.length, entriesMax });
    return entries.toSorted((a, b) => b.at - a.at).slice(0, entriesMax);
  }
}
