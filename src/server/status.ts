import type { HealthReport } from '#base/health.ts';
import { Secret } from '#base/secret.ts';
import type { Hub } from '#hub/hub.ts';
import type { AccessPolicy } from '#trust/access-policy.ts';
import { formatConnectionString } from '#wire/azure/connection-string.ts';
import type { ClockState } from './clock/clock-control.ts';

/** What `homeport status --json` prints, and what tests and scripts build upon. What does not exist yet is absent. */
export type ServerStatus = {
  version: string;
  /** Process id of the server. */
  pid: number;
  startedAt: string;
  dataDirectory: string;
  /** Where the data directory is memory: what is acknowledged is on no disk. */
  isInMemory?: true;
  /** Whether all is well, and if not, why and what mends it. */
  health: HealthReport;
  /** Where the data directory was made for development; elsewhere time is real. */
  clock?: ClockState;
  /** Where it listens. */
  address: string;
  /** The file to trust. */
  ca: string;
  /** The hub that IoT Central and the provisioning service use: `main`. */
  hub: HubStatus;
  /** Every hub by its name, `main` among them. */
  hubs: Record<string, HubStatus>;
  dps: {
    hostName: string;
    idScope: string;
    mqttPort: number;
    httpsPort: number;
    connectionStrings?: Record<string, string>;
  };
  central: { url: string; applicationId: string; apiToken?: string };
  sphere: { url: string; tenantId: string };
  /** Where devices write files, unless they go to a storage account. */
  files?: { hostName: string };
  /** Where the broker door is open; 0 for a port that was not asked for. */
  broker?: { port: number; plainPort: number };
};

export type HubStatus = {
  hostName: string;
  mqttPort: number;
  amqpPort: number;
  httpsPort: number;
  events: { partitions: number; state: string; start: number; end: number };
  /** Where connections may be broken on purpose: by what, and how many rules there are. */
  faults?: { allowed: string; rules: number };
  /** By access policy, under its primary key; with secrets only. */
  connectionStrings?: Record<string, string>;
  /** The same for clients of Event Hubs, of the policies that may read events. */
  eventHubConnectionStrings?: Record<string, string>;
};

export function hubStatus(
  {
    hostName,
    events,
    eventsEndpoint,
    policies,
    faults,
  }: Pick<Hub, 'hostName' | 'events' | 'eventsEndpoint' | 'policies' | 'faults'>,
  ports: { mqttPort: number; amqpPort: number; httpsPort: number },
  withSecrets: boolean,
): HubStatus {
  const { partitions, state, start, end } = events;
  return {
    hostName,
    ...ports,
    events: { partitions, state, start, end },
    ...(faults && { faults: { allowed: faults.mode, rules: faults.rules.size } }),
    ...(withSecrets && {
      connectionStrings: connectionStrings(hostName, policies.list()),
      eventHubConnectionStrings: eventHubConnectionStrings(eventsEndpoint, ports.amqpPort, policies.list()),
    }),
  };
}

/** Of the Event-Hubs-compatible endpoint (hub-service-protocol.md 2.1); a port that clients take for granted is left out. */
function eventHubConnectionStrings(
  { hostName, entity }: Hub['eventsEndpoint'],
  port: number,
  policies: ReturnType<Hub['policies']['list']>,
): Record<string, string> {
  const endpoint = `Endpoint=sb://${hostName}${port === 5671 ? '' : `:${port}`}/`;
  return Object.fromEntries(
    policies
      .filter(({ rights }) => rights.has('ServiceConnect'))
      .map(({ name, primaryKey }) => [
        name,
        `${endpoint};SharedAccessKeyName=${name};SharedAccessKey=${primaryKey};EntityPath=${entity}`,
      ]),
  );
}

export function connectionStrings(hostName: string, policies: readonly AccessPolicy<string>[]): Record<string, string> {
  return Object.fromEntries(
    policies.map(({ name, primaryKey }) => [
      name,
      formatConnectionString({ hostName, sharedAccessKeyName: name, sharedAccessKey: new Secret(primaryKey) }),
    ]),
  );
}
