import { defineRoute, type Route } from '#wire/http/route.ts';
import type { ProvisioningRight } from '../instances/service-policies.ts';
import type { ProvisioningServiceCaller } from '../instances/service-sign-in.ts';

export type ServiceRoute = Route<ProvisioningServiceCaller, ProvisioningRight>;

export const serviceRoute = defineRoute<ProvisioningServiceCaller, ProvisioningRight>();
