import type { AuditTables } from './schema/audit.ts';
import type { BrokerTables } from './schema/broker.ts';
import type { CentralTables } from './schema/central.ts';
import type { ConfigurationTables } from './schema/configurations.ts';
import type { FileTables } from './schema/files.ts';
import type { HubTables } from './schema/hub.ts';
import type { JobTables } from './schema/jobs.ts';
import type { ProvisioningTables } from './schema/provisioning.ts';
import type { RoutingTables } from './schema/routing.ts';
import type { SeriesTables } from './schema/series.ts';
import type { ServerTables } from './schema/server.ts';
import type { SphereTables } from './schema/sphere.ts';
import type { TransferTables } from './schema/transfers.ts';
import type { TrustTables } from './schema/trust.ts';

/**
 * Every table, typed, one file per service. Conventions that both databases share: instants are
 * integers (ms since 1970), booleans are 0 or 1, documents are JSON text, bytes are blobs.
 */
export type Schema = HubTables &
  BrokerTables &
  ConfigurationTables &
  FileTables &
  JobTables &
  ProvisioningTables &
  RoutingTables &
  SphereTables &
  CentralTables &
  ServerTables &
  AuditTables &
  TransferTables &
  TrustTables &
  SeriesTables;
