import { formatInstantTicks, type Instant } from '#base/instant.ts';
import { decodeDeviceBag } from '#wire/azure/message-properties.ts';
import type { EventProperties, EventSource } from './event-log.ts';

type Stamps = { source: EventSource; deviceId: string; moduleId: string | undefined; enqueuedAt: Instant; bag: string };

/** The bag and the session's properties, decoded, with what the hub stamped on top. */
export function eventProperties(event: Stamps, session: Buffer): EventProperties {
  const bag = decodeDeviceBag(event.bag);
  // Without a prototype, because the names are the device's.
  const system: Record<string, string> = Object.create(null);
  const application: Record<string, string | null> = Object.create(null);
  for (const [name, value] of bag.system) system[name] = value ?? '';
  for (const [name, value] of bag.application) application[name] = value;
  if (session.length > 0) Object.assign(system, JSON.parse(session.toString()));
  system['iothub-connection-device-id'] = event.deviceId;
  if (event.moduleId !== undefined) system['iothub-connection-module-id'] = event.moduleId;
  system['iothub-enqueuedtime'] = formatInstantTicks(event.enqueuedAt);
  system['iothub-message-source'] = event.source;
  return { system, application };
}
