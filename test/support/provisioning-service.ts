import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import service from 'azure-iot-provisioning-service';
import type { ServerStatus } from '#server/status.ts';
import type { RunningHomeport } from './start-homeport.ts';

/** azure-iot-provisioning-service, as it comes from npm, with the connection string that an operator copies. */
export async function openProvisioningService(home: RunningHomeport) {
  // What a person does with NODE_EXTRA_CA_CERTS: this SDK has no option for it.
  setDefaultCACertificates([...getCACertificates('default'), home.ca]);
  const status: ServerStatus = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets']));
  const connectionString = status.dps.connectionStrings?.provisioningserviceowner;
  if (connectionString === undefined) throw new Error('There is no connection string of provisioningserviceowner.');
  return { connectionString, client: service.ProvisioningServiceClient.fromConnectionString(connectionString) };
}
