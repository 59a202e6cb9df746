import type { Cancel } from '#base/clock.ts';
import { checkIfMatch } from '#base/etag.ts';
import { instant, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { randomToken } from '#base/random.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { parseCertificateFile } from '#pki/pem.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { checkCaUpload } from '#trust/check-ca-upload.ts';
import { checkPossession } from '#trust/prove-possession.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import { type CaCertificate, caCertificateOf } from './ca-certificate.ts';
import { type AuthorityCertificateRow, CaCertificateStore } from './ca-certificate-store.ts';
import { certificatesMax, codeBytes, codeLifeMs } from './limits.ts';

export type { CaCertificate };

export type CaUpload = {
  readonly certificateId: string;
  /** As it was uploaded: DER, PEM or bare base64. */
  readonly file: Buffer;
  /** Vouches for the CA instead of proving possession; whether `by` may do that is the caller's to check. */
  readonly verifiedOnUpload?: boolean;
  readonly by: string;
  /** Put it in the place of the certificate of this id, if there is one. */
  readonly replace?: boolean;
};

const idPattern = /^[A-Za-z0-9\-._:]{1,256}$/;

/**
 * The uploaded CAs of one hub or provisioning instance: unverified, then a code, then verified
 * (sphere.md 2.8). A change carries the etag that it read into the database, so of two at once one
 * wins and a code is spent once.
 */
export class CaCertificates {
  readonly #platform: Platform;
  readonly #store: CaCertificateStore;
  readonly #owner: string;
  readonly #refusals: Pick<RefusalLog, 'record'>;
  readonly #listeners = new Set<(certificateId: string) => void>();
  #cached: Promise<readonly CaCertificate[]> | undefined;

  constructor(platform: Platform, database: Database, owner: string, refusals: Pick<RefusalLog, 'record'>) {
    this.#platform = platform;
    this.#store = new CaCertificateStore(database, owner);
    this.#owner = owner;
    this.#refusals = refusals;
  }

  /** Throws Problem `certificate-invalid` with the rule as its reason, which is kept too, or `already-exists`. */
  async upload(input: CaUpload): Promise<CaCertificate> {
    if (!idPattern.test(input.certificateId)) {
      throw new Problem('argument-invalid', 'A certificate name has 1 to 256 characters of A-Z a-z 0-9 and - . _ :');
    }
    const certificate = parseCertificate(parseCertificateFile(input.file));
    const verdict = checkCaUpload(certificate, this.#platform.clock.now());
    if (!verdict.accepted) throw this.#refused('certificate-invalid', input.certificateId, input.by, verdict.refusal);
    const existing = await this.#store.load(input.certificateId);
    if (existing && !input.replace) throw new Problem('already-exists', 'There is a certificate of this name.');
    const isSame = existing?.sha256 === certificate.sha256Thumbprint;
    // A repeated request must not take back what was proven meanwhile.
    if (existing && isSame && (existing.is_verified === 1 || !input.verifiedOnUpload)) return caCertificateOf(existing);
    await this.#requireNew(certificate, input.certificateId);
    const row = this.#rowOf(input, certificate);
    if (!existing && (await this.list()).length >= certificatesMax) {
      throw new Problem('quota-exceeded', `At most ${certificatesMax} CA certificates can be held.`);
    }
    if (existing) {
      const { certificate_id: _, created_at: __, ...change } = row;
      if (!(await this.#store.update(input.certificateId, existing.etag, change))) throw changed();
    } else if (!(await this.#store.insert(row))) throw new Problem('already-exists', 'There is a certificate of this name.');
    if (input.verifiedOnUpload) {
      this.#platform.log.warn('ca.self-attested', {
        owner: this.#owner,
        certificateId: input.certificateId,
        sha256: row.sha256,
        by: input.by,
      });
    }
    return this.#announce(input.certificateId);
  }

  /** A new code, good once and for seven days; the one before it is void, and so is the etag. */
  async generateVerificationCode(certificateId: string, ifMatch?: string): Promise<CaCertificate> {
    const row = await this.#requireRow(certificateId);
    checkIfMatch(ifMatch, row.etag);
    if (row.is_verified === 1 && row.self_attested === 0) throw new Problem('conflict', 'The certificate is verified already.');
    const { clock, random } = this.#platform;
    const code = random.bytes(codeBytes).toString('hex').toUpperCase();
    const change = { code, code_expires_at: plus(clock.now(), codeLifeMs), ...this.#touch() };
    if (!(await this.#store.update(certificateId, row.etag, change))) throw changed();
    return this.#announce(certificateId);
  }

  /**
   * Takes the proof that its maker holds the CA's key. Throws Problem `proof-refused` whose reason is
   * the first check that failed; the refusal is kept, and nothing else changes.
   */
  async verify(certificateId: string, proofFile: Buffer, by: string, ifMatch?: string): Promise<CaCertificate> {
    const row = await this.#requireRow(certificateId);
    checkIfMatch(ifMatch, row.etag);
    const now = this.#platform.clock.now();
    const verdict = checkPossession({
      ca: parseCertificate(row.der),
      proof: proofFile,
      code: row.code ?? undefined,
      codeExpiresAt: row.code_expires_at === null ? undefined : instant(row.code_expires_at),
      at: now,
    });
    if (!verdict.accepted) throw this.#refused('proof-refused', certificateId, by, verdict.refusal);
    const change = {
      is_verified: 1,
      self_attested: 0,
      verified_at: now,
      verified_by: by,
      code: null,
      code_expires_at: null,
      ...this.#touch(),
    };
    if (!(await this.#store.update(certificateId, row.etag, change))) {
      const late = refuse('ProofCodeStale', 'The certificate changed while the proof was looked at.', {
        trace: verdict.trace,
        fix: 'Look at its state and try again.',
      });
      throw this.#refused('proof-refused', certificateId, by, late.refusal);
    }
    return this.#announce(certificateId);
  }

  async load(certificateId: string): Promise<CaCertificate | undefined> {
    return (await this.list()).find((certificate) => certificate.certificateId === certificateId);
  }

  /** Oldest first. The objects stay the same until something changes, so that callers may keep what they derive from them. */
  async list(): Promise<readonly CaCertificate[]> {
    this.#cached ??= this.#read();
    return this.#cached;
  }

  /** Those that may anchor a chain, whether or not they are in their validity: the chain says so with a reason. */
  async loadVerified(): Promise<CaCertificate[]> {
    return (await this.list()).filter(({ isVerified }) => isVerified);
  }

  async delete(certificateId: string, ifMatch?: string): Promise<void> {
    const row = await this.#requireRow(certificateId);
    checkIfMatch(ifMatch, row.etag);
    if (!(await this.#store.delete(certificateId, row.etag))) throw changed();
    this.#forget(certificateId);
  }

  /** Calls `listener` after each change that is stored. */
  onChange(listener: (certificateId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #read(): Promise<readonly CaCertificate[]> {
    const reading = this.#store.list().then((rows) => rows.map(caCertificateOf));
    // A database that was away for a moment must not be remembered as the list of CAs.
    reading.catch(() => {
      this.#cached = undefined;
    });
    return reading;
  }

  async #requireNew(certificate: Certificate, certificateId: string): Promise<void> {
    if (await this.#store.isPresent(certificate.sha256Thumbprint, certificateId)) {
      throw new Problem('already-exists', 'This certificate was uploaded here under another name.', {
        reason: 'certificate-present',
      });
    }
  }

  #rowOf(
    { certificateId, verifiedOnUpload = false, by }: CaUpload,
    certificate: Certificate,
  ): Omit<AuthorityCertificateRow, 'owner'> {
    const now = this.#platform.clock.now();
    const state = verifiedOnUpload ? { is_verified: 1, self_attested: 1, verified_at: now, verified_by: by } : unverified;
    const { der, sha256Thumbprint } = certificate;
    return {
      certificate_id: certificateId,
      sha256: sha256Thumbprint,
      der,
      ...state,
      code: null,
      code_expires_at: null,
      created_at: now,
      ...this.#touch(),
    };
  }

  #touch(): { etag: string; updated_at: number } {
    return { etag: randomToken(this.#platform.random, 12), updated_at: this.#platform.clock.now() };
  }

  async #requireRow(certificateId: string): Promise<AuthorityCertificateRow> {
    const row = await this.#store.load(certificateId);
    if (!row) throw notFound();
    return row;
  }

  #refused(code: 'certificate-invalid' | 'proof-refused', certificateId: string, by: string, refusal: Refusal): Problem {
    const service = this.#owner.startsWith('hub:') ? 'hub' : 'provisioning';
    this.#refusals.record({ service, subject: certificateId, peer: by, ...refusal });
    return new Problem(code, refusal.detail, { reason: refusal.reason });
  }

  /** Tells that the certificate changed, and returns what it is now. */
  async #announce(certificateId: string): Promise<CaCertificate> {
    this.#forget(certificateId);
    const certificate = await this.load(certificateId);
    if (!certificate) throw notFound();
    return certificate;
  }

  #forget(certificateId: string): void {
    this.#cached = undefined;
    for (const listener of this.#listeners) listener(certificateId);
  }
}

const unverified = { is_verified: 0, self_attested: 0, verified_at: null, verified_by: null };

function notFound(): Problem {
  return new Problem('certificate-not-found', 'There is no certificate of this name.');
}

function changed(): Problem {
  return new Problem('precondition-failed', 'The certificate has changed since it was read.');
}
