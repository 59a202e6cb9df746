import type { Health } from '#base/health.ts';
import { formatInstant, type Instant } from '#base/instant.ts';
import { productVersion } from '#base/version.ts';
import type { Central } from '#central/central.ts';
import type { Hub } from '#hub/hub.ts';
import type { Hubs } from '#hub/instances/hubs.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { Sphere } from '#sphere/sphere.ts';
import type { ClockState } from './clock/clock-control.ts';
import type { ServerSettings } from './config.ts';
import type { FileService } from './file-service.ts';
import { isInMemory } from './memory-directory.ts';
import { urlOf } from './server-names.ts';
import { connectionStrings, hubStatus, type ServerStatus } from './status.ts';

export type Described = {
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly address: string;
  readonly hostName: string;
  /** The file to trust. */
  readonly caFile: string;
  readonly startedAt: Instant;
  readonly ports: { readonly mqtt: number; readonly amqp: number; readonly https: number; readonly people: number };
  readonly health: Health;
  readonly main: Hub;
  readonly hubs: Hubs;
  readonly provisioning: Provisioning;
  readonly central: Central;
  readonly sphere: Sphere;
  readonly files: FileService;
  /** undefined where time is real. */
  describeClock(): ClockState | undefined;
};

/** What `homeport status` says, anew at each call. With secrets, an API token is minted for it. */
export function describeServer(server: Described): (options: { withSecrets: boolean }) => Promise<ServerStatus> {
  const { directory, settings, hostName, ports, hubs, provisioning, central, sphere, files } = server;
  const hubPorts = { mqttPort: ports.mqtt, amqpPort: ports.amqp, httpsPort: ports.https };
  return async ({ withSecrets }) => {
    const clock = server.describeClock();
    const broker = { port: settings['broker.port'], plainPort: settings['broker.plainPort'] };
    return {
      version: productVersion,
      pid: process.pid,
      startedAt: formatInstant(server.startedAt),
      dataDirectory: directory,
      ...(isInMemory(directory) && { isInMemory: true as const }),
      health: await server.health.report(),
      ...(clock && { clock }),
      address: server.address,
      ca: server.caFile,
      hub: hubStatus(server.main, hubPorts, withSecrets),
      hubs: Object.fromEntries(hubs.list().map((each) => [each.name, hubStatus(each, hubPorts, withSecrets)])),
      dps: {
        hostName,
        idScope: provisioning.idScope,
        mqttPort: ports.mqtt,
        httpsPort: ports.https,
        ...(withSecrets && { connectionStrings: connectionStrings(hostName, provisioning.policies.list()) }),
      },
      central: {
        url: urlOf(hostName, ports.people),
        applicationId: central.appId,
        ...(withSecrets && { apiToken: (await central.mintApiToken()).token }),
      },
      sphere: { url: urlOf(hostName, ports.https), tenantId: sphere.defaultTenantId },
      ...(files.http && { files: { hostName: files.hostName } }),
      ...((broker.port !== 0 || broker.plainPort !== 0) && { broker }),
    };
  };
}
