import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import type { DeviceEvidence } from '#trust/authenticate-device.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { identityName } from '../identity.ts';
import { CredentialStore } from './credential-store.ts';
import type { LastCredential } from './last-credential.ts';

/** They are written together this long after the first. */
const flushMs = 200;
/** A fleet that connects at once is looked up and written in few statements. */
const rowsMax = 64;
/** Of what a device sent beside its leaf; a longer chain is kept as far as that. */
const certificatesMax = 4;
const certificateBytesMax = 8 * 1024;

/**
 * With what each identity of a hub signed in last, for whoever wants to know when that will end. Nobody waits for it to be
 * written: what a process that died had not written is learnt at the next sign-in.
 */
export class LastCredentials {
  readonly #platform: Platform;
  readonly #store: CredentialStore;
  /** Not written yet; `undefined` for one that is gone. */
  readonly #unwritten = new Map<string, LastCredential | undefined>();
  #scheduled: Cancel | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(platform: Platform, database: Database, hub: string) {
    this.#platform = platform;
    this.#store = new CredentialStore(database, hub);
  }

  record(caller: DeviceCaller, evidence: DeviceEvidence): void {
    const usesCertificate = caller.leafSha256 !== undefined;
    this.#note(identityName(caller), {
      certificates: usesCertificate ? kept(evidence.certificates) : [],
      endsAt: caller.expiresAt,
      renewals: 0,
      seenAt: this.#platform.clock.now(),
    });
  }

  /** The identity was deleted. */
  forget(identity: string): void {
    this.#note(identity, undefined);
  }

  /** Of at most a page of them; those that never signed in are missing. */
  async loadMany(identities: readonly string[]): Promise<Map<string, LastCredential>> {
    await this.flush();
    return this.#store.loadMany(identities);
  }

  /** Writes what is pending. */
  flush(): Promise<void> {
    this.#scheduled?.();
    this.#scheduled = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #note(identity: string, credential: LastCredential | undefined): void {
    const pending = this.#unwritten.get(identity);
    this.#unwritten.set(identity, pending && credential ? (succeed(pending, credential) ?? pending) : credential);
    this.#scheduled ??= this.#platform.clock.after(flushMs, () => void this.flush());
  }

  async #write(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const batch = [...this.#unwritten].slice(0, rowsMax);
      for (const [identity] of batch) this.#unwritten.delete(identity);
      try {
        const known = await this.#store.loadMany(batch.map(([identity]) => identity));
        const changed = new Map<string, LastCredential>();
        for (const [identity, credential] of batch) {
          const next = credential && succeed(known.get(identity), credential);
          if (next) changed.set(identity, next);
        }
        const removed = batch.filter(([, credential]) => credential === undefined).map(([identity]) => identity);
        await this.#store.save(changed, removed);
      } catch (error) {
        this.#platform.log.warn('credentials.unwritten', { error: String(error), count: batch.length });
      }
    }
  }
}

/** What is known from now on; undefined when that is nothing new. */
function succeed(before: LastCredential | undefined, now: LastCredential): LastCredential | undefined {
  if (!before) return now;
  const [leaf] = now.certificates;
  const [leafBefore] = before.certificates;
  const isSame = leaf && leafBefore ? leaf.equals(leafBefore) : !leaf && !leafBefore && before.endsAt === now.endsAt;
  if (isSame && before.certificates.length === now.certificates.length && before.endsAt === now.endsAt) return undefined;
  // The same certificate may be good for less, or longer, since a CA above it was replaced.
  if (isSame) return { ...now, renewals: before.renewals + now.renewals, seenAt: before.seenAt };
  const isNewer = Boolean(leaf) === Boolean(leafBefore) && (now.endsAt ?? 0) > (before.endsAt ?? 0);
  return { ...now, renewals: isNewer ? before.renewals + 1 + now.renewals : now.renewals };
}

function kept(certificates: readonly Buffer[]): Buffer[] {
  return certificates.slice(0, certificatesMax).filter((der, index) => index === 0 || der.length <= certificateBytesMax);
}
