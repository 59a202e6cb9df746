import type { Cancel } from '#base/clock.ts';
import { checkIfMatch } from '#base/etag.ts';
import { isRegistrationId, requireDeviceId } from '#base/ids.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Database } from '#storage/database.ts';
import type { PastThumbprint } from '#storage/past-thumbprints.ts';
import type { KeySealer } from '#storage/sealed-keys.ts';
import { completeKeys } from '#trust/symmetric-keys.ts';
import { normalizeThumbprint } from '#trust/thumbprint.ts';
import { type AllocationSettings, defaultAllocation } from '../allocation/allocation-settings.ts';
import type { CheckAllocation } from '../allocation/check-allocation.ts';
import type { AskedEnrollmentAttestation, Enrollment, EnrollmentAttestation, NewEnrollment } from './enrollment.ts';
import { EnrollmentStore } from './enrollment-store.ts';

/** At most this many in one answer. */
const listMax = 1_000;

/** Ids looked at on either side for one that is spelled almost alike. */
const neighboursMax = 20;

/** What a key has that nobody chose (dps-device-protocol.md 2.1). */
const generatedKeyBytes = 64;

/** Enrollments of single devices. */
export class Enrollments {
  readonly #platform: Platform;
  readonly #store: EnrollmentStore;

  readonly #checkAllocation: CheckAllocation;
  readonly #listeners = new Set<(registrationId: string) => void>();

  constructor(platform: Platform, database: Database, instance: string, sealer: KeySealer, checkAllocation: CheckAllocation) {
    this.#platform = platform;
    this.#checkAllocation = checkAllocation;
    this.#store = new EnrollmentStore(database, instance, sealer);
  }

  /** Throws Problem `already-exists`, or `argument-invalid`. */
  async create(input: NewEnrollment): Promise<Enrollment> {
    const now = this.#platform.clock.now();
    const enrollment = { ...this.#checked(input), etag: this.#newEtag(), createdAt: now, updatedAt: now };
    if (await this.#store.insert(enrollment)) return this.#told(enrollment);
    throw new Problem('already-exists', `There is an enrollment for ${input.registrationId} already.`);
  }

  /** Throws Problem `enrollment-not-found`, `argument-invalid`, or `precondition-failed` when it changed since it was read. */
  async replace(input: NewEnrollment, ifMatch?: string): Promise<Enrollment> {
    const present = await this.require(input.registrationId);
    checkIfMatch(ifMatch, present.etag);
    const enrollment = {
      ...this.#checked(input, present),
      registrationId: present.registrationId,
      etag: this.#newEtag(),
      createdAt: present.createdAt,
      updatedAt: this.#platform.clock.now(),
    };
    if (await this.#store.replace(enrollment, present.etag)) return this.#told(enrollment);
    throw new Problem('precondition-failed', 'The enrollment has changed since it was read.');
  }

  load(registrationId: string): Promise<Enrollment | undefined> {
    return this.#store.load(registrationId);
  }

  /** What thumbprints the enrollment had before those it has, newest first; the last few. */
  pastThumbprints(registrationId: string): Promise<PastThumbprint[]> {
    return this.#store.pastThumbprints(registrationId);
  }

  /** A few ids that are spelled almost like this one may be among these. */
  neighbours(registrationId: string): Promise<string[]> {
    return this.#store.neighbours(registrationId, neighboursMax);
  }

  async require(registrationId: string): Promise<Enrollment> {
    const enrollment = await this.load(registrationId);
    if (!enrollment) throw new Problem('enrollment-not-found', `There is no enrollment for ${registrationId}.`);
    return enrollment;
  }

  /** Ordered by registration id, after `after`. */
  page(options: { after: string; limit: number }): Promise<Enrollment[]> {
    return this.#store.list(options.after, options.limit);
  }

  /** Ordered by registration id, after `after`, at most 1000. */
  list(options: { after?: string; limit?: number } = {}): Promise<Enrollment[]> {
    return this.#store.list(options.after ?? '', Math.min(Math.max(1, options.limit ?? listMax), listMax));
  }

  async delete(registrationId: string, ifMatch?: string): Promise<void> {
    const present = await this.require(registrationId);
    checkIfMatch(ifMatch, present.etag);
    if (!(await this.#store.delete(registrationId, present.etag))) {
      throw new Problem('precondition-failed', 'The enrollment has changed since it was read.');
    }
    this.#told(present);
  }

  /** Calls `listener` after each change that is stored, also when the enrollment is gone. */
  onChange(listener: (registrationId: string) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #told(enrollment: Enrollment): Enrollment {
    for (const listener of this.#listeners) listener(enrollment.registrationId);
    return enrollment;
  }

  #checked(input: NewEnrollment, present?: Enrollment) {
    const { registrationId, deviceId, isEnabled, attestation, deviceInformation } = input;
    if (!isRegistrationId(registrationId)) {
      throw new Problem('argument-invalid', 'The registration id has characters that are not allowed.', {
        reason: 'registration-id-malformed',
      });
    }
    if (deviceId !== undefined) requireDeviceId(deviceId);
    const allocation: AllocationSettings = input.allocation ?? present?.allocation ?? defaultAllocation;
    if (input.allocation !== undefined) this.#checkAllocation(allocation, present?.allocation);
    return {
      registrationId,
      ...(deviceId !== undefined && { deviceId }),
      isEnabled,
      attestation: this.#attestationOf(registrationId, attestation, present?.attestation),
      allocation,
      ...(deviceInformation !== undefined && { deviceInformation }),
    };
  }

  #attestationOf(
    registrationId: string,
    asked: AskedEnrollmentAttestation,
    present?: EnrollmentAttestation,
  ): EnrollmentAttestation {
    if (asked.type === 'symmetricKey') {
      const known = present?.type === 'symmetricKey' ? present.keys.reveal() : {};
      const { primaryKey, secondaryKey } = asked;
      const chosen = {
        ...known,
        ...(primaryKey !== undefined && { primaryKey }),
        ...(secondaryKey !== undefined && { secondaryKey }),
      };
      const keys = completeKeys(this.#platform.random, chosen, generatedKeyBytes);
      return { type: 'symmetricKey', keys: this.#store.seal(registrationId, keys) };
    }
    const primaryThumbprint = requireThumbprint('primary', asked.primaryThumbprint);
    const secondaryThumbprint = requireThumbprint('secondary', asked.secondaryThumbprint);
    if (primaryThumbprint === undefined && secondaryThumbprint === undefined) {
      throw new Problem('argument-invalid', 'An enrollment by certificate needs a primary or a secondary thumbprint.');
    }
    return {
      type: 'x509',
      ...(primaryThumbprint !== undefined && { primaryThumbprint }),
      ...(secondaryThumbprint !== undefined && { secondaryThumbprint }),
      ...(asked.primaryCertificate !== undefined && { primaryCertificate: asked.primaryCertificate }),
      ...(asked.secondaryCertificate !== undefined && { secondaryCertificate: asked.secondaryCertificate }),
    };
  }

  #newEtag(): string {
    return this.#platform.random.bytes(12).toString('base64url');
  }
}

function requireThumbprint(slot: string, text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const thumbprint = normalizeThumbprint(text);
  if (thumbprint !== undefined) return thumbprint;
  throw new Problem('argument-invalid', `The ${slot} thumbprint must be 40 (SHA-1) or 64 (SHA-256) hexadecimal digits.`);
}
