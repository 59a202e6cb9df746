import type { Platform } from '#base/platform.ts';
import { authenticateService } from '#trust/authenticate-service.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import type { Verdict } from '#trust/verdict.ts';
import type { ProvisioningPolicies, ProvisioningRight } from './service-policies.ts';

export type ProvisioningServiceCaller = ServiceCaller<ProvisioningRight>;

/** Under which policy of an instance a back end acts that asks for `path`, decoded. */
export type CheckService = (authorization: string | undefined, path: string) => Verdict<ProvisioningServiceCaller>;

export function buildCheckService(
  platform: Platform,
  hostName: string,
  policies: Pick<ProvisioningPolicies, 'list'>,
): CheckService {
  return (authorization, path) =>
    authenticateService({
      authorization,
      policies: policies.list(),
      resource: `${hostName}/${path.replace(/^\//, '')}`,
      at: platform.clock.now(),
    });
}
