import { sha256Hex } from '#base/bytes.ts';
import type { Cancel } from '#base/clock.ts';
import { formatInstant, type Instant, instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { type Crl, parseCrl } from '#pki/crl.ts';
import { readEvidenceFile } from '#pki/evidence-file.ts';
import type { Database } from '#storage/database.ts';
import { checkRevocationList } from '#trust/check-revocation-list.ts';
import type { EndedLists, KnownList, RevocationEvidence } from '#trust/revocation.ts';
import { revocationListsMax } from './limits.ts';
import { type RevocationListRow, RevocationListStore } from './revocation-list-store.ts';

/** A revocation list that counts, with how it came here. */
export type RevocationList = KnownList & {
  /** Names it here: its signer's key and what it is about. The next list of the same takes its place. */
  readonly listKey: string;
  readonly addedBy: string;
  readonly addedAt: Instant;
};

export type ListOrigin = {
  readonly by: string;
  /** DER of who signed it, for lists of CAs that nobody uploads: whoever hands it over answers for it. */
  readonly issuerDer?: Buffer;
  /** The CA whose list it has to be. */
  readonly expected?: Certificate;
};

/**
 * The certificate revocation lists of this server, whoever their issuers' devices sign in to: hubs and provisioning
 * instances trust CAs apart, but a certificate that its CA took back is good nowhere. All of them are kept parsed in
 * memory, since each sign-in by certificate looks at them.
 */
export class RevocationLists {
  readonly #platform: Platform;
  readonly #store: RevocationListStore;
  readonly #endedLists: EndedLists;
  readonly #lists = new Map<string, RevocationList>();
  readonly #ends = new Map<string, Cancel>();
  readonly #listeners = new Set<(list: RevocationList) => void>();
  readonly #readers = new Set<(leafDer: Buffer, anchorSha256: string) => void>();
  #evidence: RevocationEvidence;
  #provenAt = instant(0);
  /** One change after the other: of two lists at once the newer one stays. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(platform: Platform, database: Database, endedLists: EndedLists) {
    this.#platform = platform;
    this.#store = new RevocationListStore(database);
    this.#endedLists = endedLists;
    this.#evidence = { lists: [], endedLists };
    this.#renew();
  }

  static async open(platform: Platform, database: Database, endedLists: EndedLists = 'refuse'): Promise<RevocationLists> {
    const lists = new RevocationLists(platform, database, endedLists);
    for (const row of await lists.#store.list()) lists.#keep(listOf(row));
    return lists;
  }

  /** Takes note that it is at least `at`: a security service that is trusted here has issued something then. */
  noteTime(at: Instant): void {
    this.#provenAt = instant(Math.max(this.#provenAt, at));
  }

  /** For trust/: the same object until something changes. */
  evidence(): RevocationEvidence {
    return this.#evidence;
  }

  list(): readonly RevocationList[] {
    return [...this.#lists.values()];
  }

  /** Those that the key of `ca` signed. */
  listOf(ca: Pick<Certificate, 'spkiSha256'>): readonly RevocationList[] {
    return this.list().filter(({ signer }) => signer.spkiSha256 === ca.spkiSha256);
  }

  /** Whether the next list is overdue; see EndedLists. */
  hasEnded({ crl: { nextUpdate } }: RevocationList): boolean {
    return nextUpdate !== undefined && this.#platform.clock.now() > nextUpdate;
  }

  /**
   * Takes a list in, DER or PEM, in place of the older one of the same CA. It counts when this resolves. Throws Problem
   * `certificate-invalid` whose reason says which rule it breaks, `conflict` for one that is older than the present one,
   * or `quota-exceeded`.
   */
  add(file: Uint8Array, origin: ListOrigin): Promise<RevocationList> {
    return this.#inTurn(() => this.#add(file, origin));
  }

  /** Forgets a list: what it named may come in again. Throws Problem `not-found`. */
  delete(listKey: string, by: string): Promise<void> {
    return this.#inTurn(async () => {
      const list = this.#lists.get(listKey);
      if (!list) throw new Problem('not-found', 'There is no such revocation list.');
      await this.#store.delete(listKey);
      this.#lists.delete(listKey);
      this.#ends.get(listKey)?.();
      this.#ends.delete(listKey);
      this.#renew();
      this.#platform.log.warn('revocation-list.deleted', { issuer: list.signer.subject, entries: list.crl.entries.size, by });
      this.#tell(list);
    });
  }

  /** Calls `listener` after a list was taken in or forgotten. */
  onChange(listener: (list: RevocationList) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A device came in by this certificate, below this CA: it may say where lists are. */
  seen(leafDer: Buffer | undefined, anchorSha256: string | undefined): void {
    if (leafDer === undefined || anchorSha256 === undefined) return;
    for (const read of this.#readers) read(leafDer, anchorSha256);
  }

  /** Calls `listener` for each certificate that was seen. */
  onSeen(listener: (leafDer: Buffer, anchorSha256: string) => void): Cancel {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
  }

  /** The CA of this thumbprint, SHA-1 or SHA-256 in any spelling, that is verified anywhere here. Throws Problem `certificate-not-found`. */
  async requireVerified(thumbprint: string): Promise<Certificate> {
    const wanted = thumbprint.replace(/[\s:]/g, '').toLowerCase();
    const found = (await this.#loadVerified()).find(
      ({ sha1Thumbprint, sha256Thumbprint }) => sha1Thumbprint.toLowerCase() === wanted || sha256Thumbprint === wanted,
    );
    if (found) return found;
    throw new Problem('certificate-not-found', 'No verified CA certificate has this thumbprint.');
  }

  async #add(file: Uint8Array, { by, issuerDer, expected }: ListOrigin): Promise<RevocationList> {
    const [der, ...others] = readEvidenceFile(file, 'list');
    if (!der || others.length > 0) {
      throw new Problem('certificate-invalid', 'The file holds more than one revocation list. Give one at a time.', {
        reason: 'certificate-malformed',
      });
    }
    const crl = parseCrl(der);
    const now = this.#platform.clock.now();
    const candidates = expected ? [expected] : issuerDer ? [parseCertificate(issuerDer)] : await this.#loadVerified();
    const verdict = checkRevocationList({ crl, candidates, ...(expected && { expected }), at: now });
    if (!verdict.accepted) {
      const { reason, detail, fix } = verdict.refusal;
      throw new Problem('certificate-invalid', fix === undefined ? detail : `${detail} ${fix}`, { reason });
    }
    const signer = verdict.value;
    const listKey = listKeyOf(signer, crl);
    const present = this.#lists.get(listKey);
    if (present?.crl.sha256 === crl.sha256) return present;
    if (present && !isNewer(crl, present.crl)) {
      throw new Problem('conflict', `The list is older than the present one, of ${formatInstant(present.crl.thisUpdate)}.`, {
        reason: 'list-older',
      });
    }
    if (!present && this.#lists.size >= revocationListsMax) {
      throw new Problem('quota-exceeded', `At most ${revocationListsMax} revocation lists can be held.`);
    }
    const row: RevocationListRow = { list_key: listKey, der, signer_der: signer.der, added_by: by, added_at: now };
    await this.#store.put(row);
    const list: RevocationList = { listKey, crl, signer, addedBy: by, addedAt: now };
    this.#keep(list);
    this.#platform.log.info('revocation-list.added', {
      issuer: signer.subject,
      entries: crl.entries.size,
      ...(crl.nextUpdate !== undefined && { nextUpdate: formatInstant(crl.nextUpdate) }),
      by,
    });
    this.#tell(list);
    return list;
  }

  async #loadVerified(): Promise<Certificate[]> {
    return (await this.#store.listVerified()).map(parseCertificate);
  }

  #keep(list: RevocationList): void {
    this.#lists.set(list.listKey, list);
    this.#renew();
    this.#warnAtEnd(list);
  }

  /** Devices begin to be refused then: somebody should hear of it before they ask why. */
  #warnAtEnd({ listKey, crl: { nextUpdate }, signer }: RevocationList): void {
    const { clock, log } = this.#platform;
    this.#ends.get(listKey)?.();
    if (nextUpdate === undefined) return;
    const cancel = clock.after(Math.max(0, nextUpdate - clock.now()) + 1, () => {
      log.warn('revocation-list.ended', { issuer: signer.subject, endedLists: this.#endedLists });
    });
    this.#ends.set(listKey, cancel);
  }

  #renew(): void {
    // One object for as long as the lists stay: time goes on in it.
    const provenAt = () => this.#provenAt;
    this.#evidence = {
      lists: this.list(),
      endedLists: this.#endedLists,
      get provenAt() {
        return provenAt();
      },
    };
  }

  #tell(list: RevocationList): void {
    for (const listener of this.#listeners) listener(list);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}

function listOf(row: RevocationListRow): RevocationList {
  return {
    listKey: row.list_key,
    crl: parseCrl(row.der),
    signer: parseCertificate(row.signer_der),
    addedBy: row.added_by,
    addedAt: instant(row.added_at),
  };
}

/** A CA may split its list by what it is about; each part is replaced by the next of the same part. */
function listKeyOf(signer: Certificate, { scope }: Crl): string {
  return sha256Hex(Buffer.from(JSON.stringify([signer.spkiSha256, signer.subjectKey, scope])));
}

function isNewer(list: Crl, present: Crl): boolean {
  if (list.number !== undefined && present.number !== undefined && list.number !== present.number)
    return list.number > present.number;
  return list.thisUpdate > present.thisUpdate;
}
