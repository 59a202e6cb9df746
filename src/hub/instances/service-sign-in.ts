import type { Platform } from '#base/platform.ts';
import { authenticateService } from '#trust/authenticate-service.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import type { Verdict } from '#trust/verdict.ts';
import type { HubPolicies } from './hub-policies.ts';

/** Gathers what trust needs to decide under which policy of a hub a back end acts; one for every protocol. */
export class ServiceSignIn {
  readonly #platform: Platform;
  readonly #hostName: string;
  readonly #policies: HubPolicies;

  constructor(platform: Platform, hostName: string, policies: HubPolicies) {
    this.#platform = platform;
    this.#hostName = hostName;
    this.#policies = policies;
  }

  /** `path` is what is asked for below the hub's host, percent-decoded, such as `/devices/dev1`. Keeping a refusal is the surface's. */
  async check(authorization: string | undefined, path: string): Promise<Verdict<ServiceCaller>> {
    return authenticateService({
      authorization,
      policies: this.#policies.list(),
      resource: `${this.#hostName}/${path.replace(/^\//, '')}`,
      at: this.#platform.clock.now(),
    });
  }
}
