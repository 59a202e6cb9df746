import type { Cancel } from '#base/clock.ts';
import { hourMs, type Instant, instant, minuteMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import { type Certificate, isSignedBy, parseCertificate } from '#pki/certificate.ts';
import type { Database } from '#storage/database.ts';
import { revocationSourcesMax } from './limits.ts';
import { RevocationListStore, type RevocationSourceRow } from './revocation-list-store.ts';
import type { RevocationLists } from './revocation-lists.ts';

/** Where the list of a CA is fetched, and what the last attempt came to. */
export type RevocationSource = {
  /** Lower-case hex over the CA's certificate. */
  readonly caSha256: string;
  readonly url: string;
  readonly addedBy: string;
  readonly addedAt: Instant;
  /** Undefined before the first attempt. */
  readonly askedAt?: Instant;
  /** Why the last attempt brought nothing. */
  readonly failure?: string;
};

/** A CA may publish a list before the time it named, when it has to revoke in haste. */
const refreshMs = hourMs;
/** A list that is about to end is asked for more often, and so is one that could not be had. */
const refreshMsMin = minuteMs;
const retryMs = 5 * minuteMs;

/** Fetches revocation lists from where somebody said they are: hourly, more often before one ends, and soon after a failure. */
export class RevocationSources {
  readonly #platform: Platform;
  readonly #store: RevocationListStore;
  readonly #lists: RevocationLists;
  readonly #outgoing: Pick<Outgoing, 'checkUrl' | 'get'>;
  readonly #sources = new Map<string, RevocationSource>();
  /** Whose certificates were read for a place once: what they say is not asked for at every sign-in. */
  readonly #read = new Set<string>();
  #timer: Cancel | undefined;
  #fetching: Promise<void> = Promise.resolve();
  #isRunning = false;

  private constructor(
    platform: Platform,
    database: Database,
    lists: RevocationLists,
    outgoing: Pick<Outgoing, 'checkUrl' | 'get'>,
  ) {
    this.#platform = platform;
    this.#store = new RevocationListStore(database);
    this.#lists = lists;
    this.#outgoing = outgoing;
  }

  static async open(
    platform: Platform,
    database: Database,
    lists: RevocationLists,
    outgoing: Pick<Outgoing, 'checkUrl' | 'get'>,
  ): Promise<RevocationSources> {
    const sources = new RevocationSources(platform, database, lists, outgoing);
    for (const row of await sources.#store.listSources()) sources.#sources.set(row.ca_sha256, sourceOf(row));
    return sources;
  }

  start(): void {
    this.#isRunning = true;
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.();
    await this.#fetching;
  }

  list(): readonly RevocationSource[] {
    return [...this.#sources.values()];
  }

  find(caSha256: string): RevocationSource | undefined {
    return this.#sources.get(caSha256);
  }

  /**
   * Fetches the list of `ca` from `url` from now on, and at once: what that comes to is in the answer. Throws Problem
   * `argument-invalid` for a URL that may not be called, or `quota-exceeded`.
   */
  async follow(ca: Certificate, url: string, by: string): Promise<RevocationSource> {
    this.#outgoing.checkUrl(url);
    const caSha256 = ca.sha256Thumbprint;
    if (!this.#sources.has(caSha256) && this.#sources.size >= revocationSourcesMax) {
      throw new Problem('quota-exceeded', `The lists of at most ${revocationSourcesMax} CAs can be fetched.`);
    }
    const source: RevocationSource = { caSha256, url, addedBy: by, addedAt: this.#platform.clock.now() };
    await this.#store.putSource({
      ca_sha256: caSha256,
      url,
      added_by: by,
      added_at: source.addedAt,
      asked_at: null,
      failure: null,
    });
    this.#sources.set(caSha256, source);
    await this.#inTurn(source);
    this.#schedule();
    return this.#sources.get(caSha256) ?? source;
  }

  /**
   * Fetches the list of the CA from where the certificate says it is (RFC 5280 4.2.1.13), unless somebody has said where.
   * The certificate let a device in below that CA, so it is the CA that speaks.
   */
  async learn(leafDer: Buffer, caSha256: string): Promise<void> {
    if (this.#sources.has(caSha256)) return;
    const leaf = parseCertificate(leafDer);
    // Those of a CA between have that one's list in mind.
    const whose = `${caSha256} ${leaf.issuerKey}`;
    if (this.#read.has(whose)) return;
    const url = placesIn(leaf).find((place) => /^https?:/i.test(place));
    if (url === undefined) return;
    if (this.#read.size >= revocationSourcesMax) this.#read.clear();
    this.#read.add(whose);
    try {
      const ca = await this.#lists.requireVerified(caSha256);
      if (isSignedBy(leaf, ca)) await this.follow(ca, url, 'its certificates');
    } catch (error) {
      this.#platform.log.warn('revocation-source.refused', { caSha256, why: asProblem(error).message });
    }
  }

  /** Throws Problem `not-found`. The list that is there stays. */
  async unfollow(caSha256: string): Promise<void> {
    const wasThere = await this.#store.deleteSource(caSha256);
    this.#sources.delete(caSha256);
    if (!wasThere) throw new Problem('not-found', 'No list is fetched for this CA.');
  }

  #schedule(): void {
    this.#timer?.();
    this.#timer = undefined;
    if (!this.#isRunning || this.#sources.size === 0) return;
    const due = Math.min(...this.list().map((source) => this.#dueAt(source)));
    const wait = Math.max(0, due - this.#platform.clock.now());
    this.#timer = this.#platform.clock.calendar.after(wait, () => {
      this.#timer = undefined;
      return this.#fetchDue().finally(() => this.#schedule());
    });
  }

  #dueAt(source: RevocationSource): Instant {
    const { askedAt, failure, caSha256 } = source;
    if (askedAt === undefined) return this.#platform.clock.now();
    if (failure !== undefined) return plus(askedAt, retryMs);
    const [list] = this.#lists.list().filter(({ signer }) => signer.sha256Thumbprint === caSha256);
    const left = (list?.crl.nextUpdate ?? askedAt) - askedAt;
    return plus(askedAt, Math.min(refreshMs, Math.max(refreshMsMin, left / 2)));
  }

  async #fetchDue(): Promise<void> {
    const now = this.#platform.clock.now();
    for (const source of this.list()) if (this.#isRunning && this.#dueAt(source) <= now) await this.#inTurn(source);
  }

  #inTurn(source: RevocationSource): Promise<void> {
    this.#fetching = this.#fetching.then(() => this.#ask(source));
    return this.#fetching;
  }

  /** Never rejects: what went wrong is kept, logged and shown. */
  async #ask(source: RevocationSource): Promise<void> {
    const { clock, log } = this.#platform;
    const { caSha256, url } = source;
    const askedAt = clock.now();
    let failure: string | undefined;
    try {
      const expected = await this.#lists.requireVerified(caSha256);
      const { status, body } = await this.#outgoing.get(new Secret(url));
      if (status !== 200) throw new Problem('unavailable', `${new URL(url).host} answered ${status}.`);
      await this.#lists.add(body, { by: new URL(url).host, expected });
    } catch (error) {
      failure = asProblem(error).message;
      log.warn('revocation-list.not-fetched', { caSha256, host: new URL(url).host, failure });
    }
    // Somebody may have taken it away, or given another URL, meanwhile.
    if (this.#sources.get(caSha256)?.url !== url) return;
    const { failure: _, ...rest } = source;
    this.#sources.set(caSha256, { ...rest, askedAt, ...(failure !== undefined && { failure }) });
    try {
      await this.#store.noteAttempt({ ca_sha256: caSha256, url, asked_at: askedAt, failure: failure ?? null });
    } catch (error) {
      log.error('revocation-source.unwritten', { error: String(error) });
    }
  }
}

/** Where the complete list of the certificate's own issuer is. */
function placesIn({ distributionPoints = [] }: Certificate): string[] {
  return distributionPoints.flatMap(({ name, reasons, crlIssuer }) => {
    if (reasons !== undefined || crlIssuer || !name || !('fullNames' in name)) return [];
    return name.fullNames.flatMap((each) => (each.kind === 'uri' ? [each.text] : []));
  });
}

function sourceOf(row: RevocationSourceRow): RevocationSource {
  return {
    caSha256: row.ca_sha256,
    url: row.url,
    addedBy: row.added_by,
    addedAt: instant(row.added_at),
    ...(row.asked_at !== null && { askedAt: instant(row.asked_at) }),
    ...(row.failure !== null && { failure: row.failure }),
  };
}
