import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import type { Configurations } from '../configurations/configurations.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Methods } from '../methods/methods.ts';
import type { Presence } from '../presence/presence.ts';
import type { Queries } from '../query/queries.ts';
import type { Quotas } from '../quotas/quotas.ts';
import type { Registry } from '../registry/registry.ts';
import type { Routing } from '../routing/routing.ts';
import type { Transfers } from '../transfers/transfers.ts';
import type { Twins } from '../twins/twins.ts';

/** The rooms that the service's REST opens. */
export type ServiceRooms = {
  readonly registry: Pick<
    Registry,
    'create' | 'createMany' | 'existing' | 'load' | 'require' | 'list' | 'update' | 'delete' | 'count' | 'modules'
  >;
  readonly routing: Pick<Routing, 'routes'>;
  readonly twins: Pick<Twins, 'load' | 'patchOwned' | 'replaceOwned'>;
  readonly presence: Pick<Presence, 'load' | 'loadMany' | 'connectedCount'>;
  readonly methods: Pick<Methods, 'invoke'>;
  readonly configurations: Pick<Configurations, 'create' | 'update' | 'delete' | 'require' | 'list' | 'statusesOf'>;
  readonly transfers: Pick<Transfers, 'create' | 'load' | 'require' | 'list' | 'cancel'>;
  readonly jobs: Pick<Jobs, 'create' | 'require' | 'list' | 'cancel'>;
  readonly queries: Pick<Queries, 'run' | 'check'>;
  readonly quotas: Pick<Quotas, 'take'>;
  readonly cloudToDevice: Pick<CloudToDevice, 'send' | 'purge' | 'count' | 'countMany' | 'feedback' | 'limits'>;
};
