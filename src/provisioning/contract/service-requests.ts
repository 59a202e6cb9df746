/** What back ends send to the service's REST (dps-service-protocol.md 4). Unknown and read-only members are dropped, as the service does. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** Its value is checked before the body is read: surface/service-http.ts. */
export const versionOnly = z.looseObject({ 'api-version': z.string() });

const key = z.string().max(256).nullish();
const id = z.string().max(1024);

/** Any object: what a twin may hold is for the hub to say. */
const section = z.custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object').nullish();

const certificate = z.object({
  certificate: z.string().max(65_536).nullish(),
  info: z.object({ sha256Thumbprint: z.string().max(256).nullish() }).nullish(),
});
const certificates = z.object({ primary: certificate.nullish(), secondary: certificate.nullish() }).nullish();

export type AskedCertificate = z.output<typeof certificate>;

const attestation = z.object({
  type: z.enum(['tpm', 'x509', 'symmetricKey', 'none']),
  symmetricKey: z.object({ primaryKey: key, secondaryKey: key }).nullish(),
  x509: z
    .object({
      clientCertificates: certificates,
      signingCertificates: certificates,
      caReferences: z.object({ primary: id.nullish(), secondary: id.nullish() }).nullish(),
    })
    .nullish(),
});

export type AskedMechanism = z.output<typeof attestation>;

const common = {
  attestation,
  capabilities: z.object({ iotEdge: z.boolean().nullish() }).nullish(),
  etag: z.string().max(256).nullish(),
  initialTwin: z.object({ tags: section, properties: z.object({ desired: section }).nullish() }).nullish(),
  provisioningStatus: z.enum(['enabled', 'disabled']).nullish(),
  reprovisionPolicy: z.object({ updateHubAssignment: z.boolean().nullish(), migrateDeviceData: z.boolean().nullish() }).nullish(),
  allocationPolicy: z.enum(['hashed', 'geoLatency', 'static', 'custom']).nullish(),
  iotHubHostName: z.string().max(256).nullish(),
  iotHubs: z.array(z.string().max(256)).max(50).nullish(),
  customAllocationDefinition: z.object({ webhookUrl: z.string().max(4096), apiVersion: z.string().max(64).nullish() }).nullish(),
};

export const askedEnrollment = z.object({
  ...common,
  registrationId: id.nullish(),
  deviceId: id.nullish(),
  optionalDeviceInformation: section,
});

export type AskedEnrollment = z.output<typeof askedEnrollment>;

export const askedGroup = z.object({ ...common, enrollmentGroupId: id.nullish() });

export type AskedGroup = z.output<typeof askedGroup>;

/** As a bulk call holds it: to delete, the id is enough. */
export type BulkEntry<Asked extends { attestation: AskedMechanism }> = Omit<Asked, 'attestation'> & {
  readonly attestation?: AskedMechanism | undefined;
};

/** What an enrollment of either kind says about its hub. */
export type AskedAllocation = Pick<
  AskedEnrollment,
  'initialTwin' | 'reprovisionPolicy' | 'allocationPolicy' | 'iotHubHostName' | 'iotHubs' | 'customAllocationDefinition'
>;

const mode = z.enum(['create', 'update', 'updateIfMatchETag', 'delete']);
export type BulkMode = z.output<typeof mode>;

/** A query's text is ignored: clients send all sorts of things in it, and mean everything (dps-service-protocol.md 2.3). */
export const ignoredBody = z.custom<Json | undefined>();

/** What is missing where it is needed is the entry's own error. */
export const askedBulk = z.object({ mode, enrollments: z.array(askedEnrollment.partial({ attestation: true })) });
export const askedGroupBulk = z.object({ mode, enrollmentGroups: z.array(askedGroup.partial({ attestation: true })) });
