import type { Platform } from '#base/platform.ts';
import { askTime } from '../reach/ask-time.ts';
import type { Reach } from '../reach/reach.ts';
import { type KeptAssignment, keepAssignment, loadAssignment } from './assignment-file.ts';
import { type Credential, type CredentialPlace, fingerprintOf, loadCredential } from './credential.ts';
import { type DpsAddress, register } from './register.ts';

/** Which hub, and who we are to it. */
export type HubPlace = {
  readonly host: string;
  readonly port: number;
  readonly deviceId: string;
  /** A module of the device's is who signs in. */
  readonly moduleId?: string;
};

/** Where to sign in now, and with what. */
export type HubAccess = HubPlace & { readonly credential: Credential };

export type HubFinder = {
  /** Rejects when nothing says which hub it is. */
  find(signal: AbortSignal): Promise<HubAccess>;
  /** The hub that was found let us in. */
  reached(): void;
  /** It did not, or was not there. */
  missed(why: 'refused' | 'unreachable'): void;
};

export type HubFinderOptions = {
  readonly reach: Reach;
  readonly credential: CredentialPlace;
  /** Where whoever is to be signed in at speaks HTTPS: it is asked for the time when the clock is behind what is known. */
  readonly httpsPort: number;
  readonly hub: HubPlace | { readonly dps: DpsAddress; readonly directory: string };
};

/** After so many attempts in a row at which nobody was there, the hub may be another one. */
const missesMax = 3;

/**
 * Says which hub is the device's: the one that the settings name, or the one that DPS assigned. That one is kept on disk, so DPS may be away
 * ever after. DPS is asked again when the hub refuses the device, cannot be reached for a while, or when the
 * credential is another than the one registered; when it has no better answer, the hub that is known goes on being tried.
 */
export function openHubFinder(platform: Platform, options: HubFinderOptions): HubFinder {
  const { hub, reach } = options;
  const prepare = async (host: string, signal: AbortSignal): Promise<Credential> => {
    const credential = await loadCredential(options.credential);
    // A token says until when it holds; a certificate speaks for itself.
    if (credential.kind === 'key' && !reach.time.isKnown) {
      await askTime(platform, reach, { host, port: options.httpsPort, signal });
    }
    return credential;
  };
  if (!('dps' in hub)) {
    return {
      find: async (signal) => ({ ...hub, credential: await prepare(hub.host, signal) }),
      reached() {},
      missed() {},
    };
  }
  return new AssignedHub(platform, { ...options, hub, prepare });
}

type AssignedHubOptions = {
  readonly reach: Reach;
  readonly hub: { readonly dps: DpsAddress; readonly directory: string };
  readonly prepare: (host: string, signal: AbortSignal) => Promise<Credential>;
};

class AssignedHub implements HubFinder {
  readonly #platform: Platform;
  readonly #options: AssignedHubOptions;
  #kept: KeptAssignment | undefined;
  #isLoaded = false;
  #asksAgain = false;
  #misses = 0;
  #finding: Promise<HubAccess> | undefined;

  constructor(platform: Platform, options: AssignedHubOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Child devices ask for the same hub: all who wait have one answer. */
  find(signal: AbortSignal): Promise<HubAccess> {
    this.#finding ??= this.#find(signal).finally(() => {
      this.#finding = undefined;
    });
    return this.#finding;
  }

  async #find(signal: AbortSignal): Promise<HubAccess> {
    const { dps, directory } = this.#options.hub;
    if (!this.#isLoaded) this.#kept = this.#fitting(await loadAssignment(directory));
    this.#isLoaded = true;
    const credential = await this.#options.prepare(this.#kept?.hubHostName ?? dps.host, signal);
    const fingerprint = fingerprintOf(credential);
    if (!this.#kept || this.#asksAgain || this.#kept.credential !== fingerprint) await this.#ask(credential, fingerprint, signal);
    const { hubHostName: host = '', deviceId = '' } = this.#kept ?? {};
    // A DPS of ours on another port than 8883 stands before hubs on that port.
    return { host, port: dps.port, deviceId, credential };
  }

  reached(): void {
    this.#misses = 0;
  }

  missed(why: 'refused' | 'unreachable'): void {
    this.#misses = why === 'refused' ? missesMax : this.#misses + 1;
    if (this.#misses < missesMax) return;
    this.#misses = 0;
    this.#asksAgain = true;
  }

  async #ask(credential: Credential, fingerprint: string, signal: AbortSignal): Promise<void> {
    const { reach, hub } = this.#options;
    const { idScope, registrationId } = hub.dps;
    // Once for each time it was missed: what DPS says now may be no better.
    this.#asksAgain = false;
    const before = this.#kept;
    try {
      const assignment = await register(this.#platform, reach, { dps: hub.dps, credential, signal });
      this.#kept = { ...assignment, idScope, registrationId, credential: fingerprint };
      await keepAssignment(this.#platform, hub.directory, this.#kept);
      this.#platform.log.info('registration.assigned', { registrationId, ...assignment });
    } catch (error) {
      if (!before || signal.aborted) throw error;
      const why = error instanceof Error ? error.message : String(error);
      this.#platform.log.warn('registration.failed', { registrationId, dps: hub.dps.host, error: why, hub: before.hubHostName });
    }
  }

  #fitting(kept: KeptAssignment | undefined): KeptAssignment | undefined {
    const { idScope, registrationId } = this.#options.hub.dps;
    return kept?.idScope === idScope && kept.registrationId === registrationId ? kept : undefined;
  }
}
