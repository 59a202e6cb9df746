/** What back ends send to the hub's REST (hub-service-protocol.md 4). Unknown and read-only members are dropped, as the service does. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { jobLimits } from '../jobs/limits.ts';
import { registryLimits } from '../registry/limits.ts';

/** Its value is checked before the body is read: surface/http.ts. */
const version = { 'api-version': z.string() };

export const versionOnly = z.strictObject(version);

export const listQuery = z.strictObject({
  ...version,
  top: z
    .string()
    .regex(/^-?\d{1,9}$/)
    .optional(),
});

const key = z.string().max(256).nullish();

const authentication = z
  .object({
    type: z.enum(['sas', 'selfSigned', 'certificateAuthority', 'none']).nullish(),
    symmetricKey: z.object({ primaryKey: key, secondaryKey: key }).nullish(),
    x509Thumbprint: z.object({ primaryThumbprint: key, secondaryThumbprint: key }).nullish(),
  })
  .nullish();

export const askedIdentity = z.object({
  deviceId: z.string().max(1024).nullish(),
  status: z.enum(['enabled', 'disabled']).nullish(),
  statusReason: z.string().max(128).nullish(),
  authentication,
  capabilities: z.object({ iotEdge: z.boolean().nullish() }).nullish(),
  deviceScope: z.string().max(1024).nullish(),
  parentScopes: z.array(z.string().max(1024)).max(16).nullish(),
});

export type AskedIdentity = z.output<typeof askedIdentity>;

const managedBy = z.string().max(1024).nullish();

export const askedModule = z.object({
  deviceId: z.string().max(1024).nullish(),
  moduleId: z.string().max(1024).nullish(),
  managedBy,
  authentication,
});

export type AskedModule = z.output<typeof askedModule>;

/** Any object: what a twin may hold is for the twins to say. */
const section = z.custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object').nullish();

export const askedTwin = z.object({ tags: section, properties: z.object({ desired: section }).nullish() });

export type AskedTwin = z.output<typeof askedTwin>;

export const askedMethod = z.object({
  methodName: z.string().max(1024),
  payload: z.custom<Json>(() => true).optional(),
  responseTimeoutInSeconds: z.number().nullish(),
  connectTimeoutInSeconds: z.number().nullish(),
  /** What older clients call the time-out of the response. */
  timeoutInSeconds: z.number().nullish(),
});

export type AskedMethod = z.output<typeof askedMethod>;

/** How long a text is, the language says. */
export const askedQuery = z.object({ query: z.string() });

export const bulkEntriesMax = 100;

export const askedBulkEntry = askedIdentity.omit({ deviceId: true }).extend({
  id: z.string().max(1024),
  moduleId: z.string().max(1024).nullish(),
  managedBy,
  eTag: z.string().max(256).nullish(),
  etag: z.string().max(256).nullish(),
  twinETag: z.string().max(256).nullish(),
  importMode: z.string().max(64).nullish(),
  tags: section,
  properties: z.object({ desired: section }).nullish(),
});

/** How many there are is said before each is looked at, which would take long for a million. */
export const askedBulk = z.preprocess((value) => {
  if (!Array.isArray(value) || value.length <= bulkEntriesMax) return value;
  throw new Problem('argument-invalid', `A call takes at most ${bulkEntriesMax} entries.`, { reason: 'too-many-devices' });
}, z.array(askedBulkEntry));

export type AskedBulkEntry = z.output<typeof askedBulkEntry>;

/** As the command line sends it (4.3). */
export const askedKeys = z.object({
  policyKey: z.enum(['primaryKey', 'secondaryKey', 'both']),
  devices: z
    .array(z.object({ id: z.string().max(1024), moduleId: z.string().max(1024).nullish() }))
    .min(1)
    .max(registryLimits.regeneratedMax),
});

/** A JSON Patch; what the operations mean is for digital twins to say (4.11). */
export const askedDigitalTwinPatch = z.preprocess(
  (value) => {
    if (Array.isArray(value) && value.length > 0 && value.length <= patchOperationsMax && value.every(isOperation)) return value;
    throw new Problem('argument-invalid', `The body is no JSON Patch of 1 to ${patchOperationsMax} add, replace or remove.`, {
      reason: 'digital-twin-json-patch',
    });
  },
  z.array(
    z.object({
      op: z.enum(['add', 'replace', 'remove']),
      path: z.string().max(2_048),
      value: z.custom<Json>(() => true).optional(),
    }),
  ),
);

const patchOperationsMax = 100;

function isOperation(value: unknown): boolean {
  const { op, path } = (value ?? {}) as { op?: unknown; path?: unknown };
  return typeof path === 'string' && path.length <= 2_048 && (op === 'add' || op === 'replace' || op === 'remove');
}

const seconds = z.coerce.number().optional();

export const commandQuery = z.strictObject({
  ...version,
  connectTimeoutInSeconds: seconds,
  responseTimeoutInSeconds: seconds,
});

/** Any JSON, or nothing. */
export const commandPayload = z.custom<Json>(() => true).optional();

/** The filters of a list of jobs (4.7). */
export const jobListQuery = z.strictObject({
  ...version,
  jobType: z.string().max(64).optional(),
  jobStatus: z.string().max(64).optional(),
});

/** A twin to be merged, and beside it what was sent: whoever asks for the job gets that back. */
const jobTwin = z
  .custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object')
  .transform((submitted, context) => {
    const asked = askedTwin.extend({ etag: z.string().max(256).nullish() }).safeParse(submitted);
    if (asked.success) return { submitted, asked: asked.data };
    context.addIssue({ code: 'custom', message: 'has tags or desired properties that are no objects' });
    return z.NEVER;
  });

export const askedJob = z.object({
  jobId: z.string().max(1024).nullish(),
  type: z.enum(['scheduleUpdateTwin', 'scheduleDeviceMethod']),
  updateTwin: jobTwin.nullish(),
  cloudToDeviceMethod: askedMethod.nullish(),
  queryCondition: z.string().max(jobLimits.conditionCharactersMax).nullish(),
  startTime: z.string().max(64).nullish(),
  maxExecutionTimeInSeconds: z.number().nullish(),
});

export type AskedJob = z.output<typeof askedJob>;

const blobName = z.string().max(1_024).nullish();

/** An import or an export (4.8). Which identity a storage account elsewhere would be asked under is not looked at. */
export const askedTransfer = z.object({
  type: z.enum(['import', 'export']),
  inputBlobContainerUri: z.string().max(4_096).nullish(),
  inputBlobName: blobName,
  outputBlobContainerUri: z.string().max(4_096).nullish(),
  outputBlobName: blobName,
  excludeKeysInExport: z.boolean().nullish(),
  includeConfigurations: z.boolean().nullish(),
  configurationsBlobName: blobName,
});

export type AskedTransfer = z.output<typeof askedTransfer>;
