import type { Cancel, Clock } from '#base/clock.ts';
import { formatInstant, instant } from '#base/instant.ts';
import { printable } from '#base/printable.ts';
import type { Random } from '#base/random.ts';
import type { BoardClaimReply, BoardClaimRequest } from '#sphere/contract/attached-board.ts';
import type { ShippedApplication } from '#sphere/contract/shipped-components.ts';
import { ClaimRefused } from './attached-board.ts';
import { AttestationClient, AttestationRefused } from './attestation-client.ts';
import { postClaim } from './claim-board.ts';
import type { Network } from './connection.ts';
import { type DailyCertificate, requestLeaf, usableLeaf } from './daily-certificate.ts';
import { type Boot, type EvidenceFacts, measureComponents } from './evidence.ts';
import type { BoardState, Identity, KeyStore } from './key-store.ts';
import { renewalDelayMs, retryDelayMs } from './retry-delay.ts';
import type { SimulatorListener } from './simulator-event.ts';

export type SphereBoardOptions = {
  /** The device's own clock. */
  readonly clock: Clock;
  readonly random: Random;
  readonly store: KeyStore;
  readonly network: Network;
  readonly sphereUrl: string;
  readonly application: ShippedApplication;
  /** The manifest's `DeviceAuthentication`: with another owner the application gets no certificate (sphere.md 6.2). */
  readonly requiredTenantId: string | undefined;
  /** Attacks for tests: a component to measure wrongly, one nonce for ever, a leaf kept past its day. */
  readonly tamper: string | undefined;
  readonly reusesNonce: boolean;
  readonly renews: boolean;
  /** Whether it says that its clock can be relied on; the service then compares it with its own. */
  readonly hasTrustedClock: boolean;
  readonly onEvent: SimulatorListener;
};

/**
 * The part of a board that the operating system of the original plays: who it is, who owns it, and a
 * daily certificate that is fetched at every start, renewed and cached (sphere.md 3).
 */
export class SphereBoard {
  readonly #options: SphereBoardOptions;
  readonly #client: AttestationClient;
  readonly #identity: Identity;
  readonly #boot: Boot;
  #state: BoardState;
  #failures = 0;
  #isAttempted = false;
  #isStopped = false;
  #cancelTimer: Cancel = () => {};
  #waiting: ((leaf: DailyCertificate) => void)[] = [];

  constructor(options: SphereBoardOptions) {
    this.#options = options;
    this.#client = new AttestationClient(options.network, options.sphereUrl, { reusesNonce: options.reusesNonce });
    this.#identity = options.store.loadIdentity();
    this.#state = options.store.boot();
    this.#boot = {
      bootCount: this.#state.bootCount,
      bootSeed: options.random.bytes(32).toString('base64url'),
      startedMs: options.clock.calendar.monotonic(),
    };
  }

  get deviceId(): string {
    return this.#identity.deviceId;
  }

  get isClaimed(): boolean {
    return this.#state.tenantId !== undefined;
  }

  /** What the attached board's `/status` says. */
  status(): Record<string, string | boolean> {
    const leaf = this.#usableLeaf();
    return {
      isClaimed: this.isClaimed,
      ...(this.#state.tenantId === undefined ? {} : { tenantId: this.#state.tenantId }),
      ...(leaf ? { certificateThumbprint: leaf.thumbprint, certificateExpires: formatInstant(instant(leaf.notAfterMs)) } : {}),
    };
  }

  /** Begins to look after the daily certificate; an unclaimed board waits to be claimed. */
  start(): void {
    if (!this.isClaimed) {
      this.#log('INFO', 'This board is not claimed. It waits, attached, for: azsphere device claim');
      return;
    }
    if (this.#usableLeaf() && !this.#options.renews) {
      this.#isAttempted = true;
      return;
    }
    void this.#renew();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer();
    this.#waiting = [];
  }

  /** A certificate to connect with: the renewed one, or the cached one when the service is away. Waits for one if need be. */
  waitForLeaf(): Promise<DailyCertificate> {
    const leaf = this.#isAttempted ? this.#usableLeaf() : undefined;
    if (leaf) return Promise.resolve(leaf);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Claims this board for a tenant with a code from the cloud. Only the service the board was built for is talked to. */
  async claim(request: BoardClaimRequest): Promise<BoardClaimReply> {
    if (new URL(request.serviceUrl).origin !== this.#client.origin) {
      throw new ClaimRefused(400, 'wrong-service', `This board belongs to the security service at ${this.#client.origin}.`);
    }
    const { claimEpoch, changed } = await postClaim(this.#client, this.#facts(request.tenantId), request.claimCode);
    const isNew = this.#state.tenantId !== request.tenantId || this.#state.claimEpoch !== claimEpoch;
    this.#state = { ...this.#state, tenantId: request.tenantId, claimEpoch };
    this.#options.store.saveState(this.#state);
    if (isNew) {
      this.#options.onEvent({ type: 'claimed', tenantId: request.tenantId });
      this.#log('INFO', `This board now belongs to tenant ${request.tenantId}.`);
      this.#cancelTimer();
      void this.#renew();
    }
    return { deviceId: this.deviceId, tenantId: request.tenantId, changed };
  }

  async #renew(): Promise<void> {
    const { tenantId } = this.#state;
    const { requiredTenantId, store, random, clock, onEvent, renews } = this.#options;
    if (this.#isStopped || tenantId === undefined) return;
    if (requiredTenantId !== undefined && requiredTenantId.toLowerCase() !== tenantId.toLowerCase()) {
      this.#log('ERROR', 'Device auth not ready: DeviceAuthentication names another tenant.');
      return;
    }
    let nextMs: number;
    try {
      const leaf = await requestLeaf(this.#client, this.#facts(tenantId));
      const usable = usableLeaf(leaf, this.deviceId, clock);
      if (!usable) throw new Error('The service issued a certificate that this device cannot use.');
      store.saveLeaf(leaf);
      this.#failures = 0;
      onEvent({ type: 'certificate', thumbprint: usable.thumbprint, notAfterMs: usable.notAfterMs });
      this.#log('INFO', `Daily certificate ${usable.thumbprint}, good until ${formatInstant(instant(usable.notAfterMs))}.`);
      nextMs = renewalDelayMs(random.fraction());
    } catch (error) {
      nextMs = this.#failed(error);
    }
    if (this.#isStopped) return;
    this.#isAttempted = true;
    const leaf = this.#usableLeaf();
    if (leaf) for (const resolve of this.#waiting.splice(0)) resolve(leaf);
    if (!leaf || renews) this.#cancelTimer = clock.calendar.after(nextMs, () => this.#renew());
  }

  /** Says what went wrong and returns when to try again. */
  #failed(error: unknown): number {
    this.#failures++;
    const detail = printable(error instanceof Error ? error.message : String(error), 300);
    const refused = error instanceof AttestationRefused ? error : undefined;
    if (refused) this.#options.onEvent({ type: 'certificate-refused', code: refused.code, detail });
    this.#log('ERROR', `No daily certificate${refused ? ` (${refused.code})` : ''}: ${detail}`);
    return retryDelayMs({
      failures: this.#failures,
      fraction: this.#options.random.fraction(),
      retryAfterSeconds: refused?.retryAfterSeconds,
    });
  }

  #usableLeaf(): DailyCertificate | undefined {
    const stored = this.#options.store.loadLeaf();
    return stored && usableLeaf(stored, this.deviceId, this.#options.clock, { ignoresExpiry: !this.#options.renews });
  }

  #facts(tenantId: string): EvidenceFacts {
    return {
      clock: this.#options.clock,
      identity: this.#identity,
      boot: this.#boot,
      origin: this.#client.origin,
      tenantId,
      claimEpoch: this.#state.claimEpoch,
      components: measureComponents(this.#options.application, this.#options.tamper),
      hasTrustedClock: this.#options.hasTrustedClock,
    };
  }

  #log(level: 'INFO' | 'ERROR', line: string): void {
    this.#options.onEvent({ type: 'log', level, line });
  }
}
