import type { Platform } from '#base/platform.ts';
import { authenticateService } from '#trust/authenticate-service.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import type { Verdict } from '#trust/verdict.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import type { HubPolicies } from './hub-policies.ts';

/** Gathers what trust needs to decide under which policy of a hub a back end acts; one for every protocol. */
export class ServiceSignIn {
  readonly #platform: Platform;
  readonly #hostNames: readonly string[];
  readonly #policies: HubPolicies;

  /** `hostNames` are those of the hub and of its Event-Hubs-compatible endpoint: the same thing under two names. */
  constructor(platform: Platform, hostNames: readonly string[], policies: HubPolicies) {
    this.#platform = platform;
    this.#hostNames = hostNames;
    this.#policies = policies;
  }

  /** `path` is what is asked for below the hub's host, percent-decoded, such as `/devices/dev1`. Keeping a refusal is the surface's. */
  async check(authorization: string | undefined, path: string): Promise<Verdict<ServiceCaller>> {
    return authenticateService({
      authorization,
      policies: this.#policies.list(),
      resource: `${this.#hostNameOf(authorization)}/${path.replace(/^\//, '')}`,
      at: this.#platform.clock.now(),
    });
  }

  /** The name that the token was signed for, if it is one of ours. */
  #hostNameOf(authorization = ''): string {
    const resource = parseSasToken(authorization)?.resource.toLowerCase() ?? '';
    const host = resource.replace(/^[a-z]+:\/\//, '').split(/[:/]/, 1)[0];
    const [own = ''] = this.#hostNames;
    return this.#hostNames.find((name) => name.toLowerCase() === host) ?? own;
  }
}
