import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import { ConsumerGroups } from './consumer-groups.ts';
import { EventArrivals } from './event-arrivals.ts';
import type { EventLog } from './event-log.ts';
import { PartitionClaims } from './partition-claims.ts';

/** What an owner may choose (hub-service-protocol.md 9.1, 9.3). */
export type EventsEndpointSettings = {
  /** Where readers are sent who ask at the hub's own address: `{hub}` stands for the first label of its host name; empty for that name. */
  readonly redirectHostName: string;
  redirectPort(): number;
  /** Readers without an owner level in one partition of one consumer group. */
  readonly readersMax: number;
};

export const defaultEventsEndpointSettings: EventsEndpointSettings = {
  redirectHostName: '',
  redirectPort: () => 5671,
  readersMax: 5,
};

/** Readers at the end of the log rest as long after each turn, so that under load many events are one of them. */
const arrivalPauseMs = 5;

/** The room of whoever reads a hub's events from outside: groups, places that are taken, and what wakes them. */
export type EventsEndpoint = {
  readonly log: EventLog;
  readonly groups: ConsumerGroups;
  readonly claims: PartitionClaims;
  readonly arrivals: EventArrivals;
  /** What it is called, as the path of addresses and `EntityPath` in connection strings. */
  readonly entity: string;
  readonly hostName: string;
  redirectPort(): number;
};

export async function openEventsEndpoint(
  { clock }: Platform,
  database: Database,
  { log, hub, hostName, settings }: { log: EventLog; hub: string; hostName: string; settings: EventsEndpointSettings },
): Promise<EventsEndpoint> {
  const entity = hostName.split('.', 1)[0] ?? hostName;
  return {
    log,
    groups: await ConsumerGroups.open(clock, database, hub),
    claims: new PartitionClaims(settings.readersMax),
    arrivals: new EventArrivals(clock, log, arrivalPauseMs),
    entity,
    hostName: settings.redirectHostName.replaceAll('{hub}', entity).toLowerCase() || hostName,
    redirectPort: () => settings.redirectPort(),
  };
}
