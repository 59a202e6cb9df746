import { formatInstant, type Instant } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { Problem, type ProblemCode } from '#base/problem.ts';

/** The hub's number and name of a problem; the first three digits are the status (hub-device-protocol.md 8). */
export type HubError = { readonly errorCode: number; readonly name: string };

/** Every code in the hub's words: leaving one out does not compile. */
const hubErrors = {
  malformed: { errorCode: 400006, name: 'IotHubFormatError' },
  'argument-invalid': { errorCode: 400004, name: 'ArgumentInvalid' },
  unauthorized: { errorCode: 401003, name: 'IotHubUnauthorized' },
  forbidden: { errorCode: 401002, name: 'IotHubUnauthorizedAccess' },
  'not-found': { errorCode: 404000, name: 'GenericNotFound' },
  'device-not-found': { errorCode: 404001, name: 'DeviceNotFound' },
  'enrollment-not-found': { errorCode: 404000, name: 'GenericNotFound' },
  'registration-not-found': { errorCode: 404000, name: 'GenericNotFound' },
  'certificate-not-found': { errorCode: 404008, name: 'CertificateNotFound' },
  'route-not-found': { errorCode: 404000, name: 'GenericNotFound' },
  'method-not-allowed': { errorCode: 405000, name: 'GenericMethodNotAllowed' },
  'not-supported': { errorCode: 404013, name: 'FeatureNotSupported' },
  'already-exists': { errorCode: 409001, name: 'DeviceAlreadyExists' },
  conflict: { errorCode: 409000, name: 'GenericConflict' },
  'precondition-failed': { errorCode: 412001, name: 'PreconditionFailed' },
  'payload-too-large': { errorCode: 413001, name: 'MessageTooLarge' },
  'unsupported-media-type': { errorCode: 415000, name: 'GenericUnsupportedMediaType' },
  'quota-exceeded': { errorCode: 403002, name: 'IotHubQuotaExceeded' },
  throttled: { errorCode: 429001, name: 'ThrottlingException' },
  'device-disabled': { errorCode: 403012, name: 'DeviceDisabled' },
  'device-not-online': { errorCode: 404103, name: 'DeviceNotOnline' },
  'device-timeout': { errorCode: 504101, name: 'GatewayTimeout' },
  'device-reply-invalid': { errorCode: 502000, name: 'GenericBadGateway' },
  'twin-invalid': { errorCode: 400004, name: 'ArgumentInvalid' },
  'certificate-invalid': { errorCode: 400004, name: 'ArgumentInvalid' },
  'proof-refused': { errorCode: 400004, name: 'ArgumentInvalid' },
  'attestation-refused': { errorCode: 401003, name: 'IotHubUnauthorized' },
  'storage-full': { errorCode: 503005, name: 'ServerBusy' },
  unavailable: { errorCode: 503001, name: 'ServiceUnavailable' },
  internal: { errorCode: 500001, name: 'ServerError' },
} as const satisfies Record<ProblemCode, HubError>;

/** Finer than the code. */
const byReason: ReadonlyMap<string, HubError> = new Map([
  ['connection-closed', { errorCode: 404104, name: 'DeviceConnectionClosedRemotely' }],
  ['protocol-version', { errorCode: 400001, name: 'InvalidProtocolVersion' }],
  ['device-scope', { errorCode: 400028, name: 'InvalidDeviceScope' }],
  ['defined-twice', { errorCode: 400011, name: 'DeviceDefinedMultipleTimes' }],
  ['too-many-devices', { errorCode: 413002, name: 'TooManyDevices' }],
  ['module-not-found', { errorCode: 404010, name: 'ModuleNotFound' }],
  ['module-exists', { errorCode: 409301, name: 'ModuleAlreadyExistsOnDevice' }],
  ['too-many-modules', { errorCode: 413003, name: 'TooManyModulesOnDevice' }],
  ['digital-twin-json-patch', { errorCode: 400505, name: 'InvalidDigitalTwinJsonPatch' }],
  ['digital-twin-payload', { errorCode: 400506, name: 'InvalidDigitalTwinPayload' }],
  ['digital-twin-patch', { errorCode: 400507, name: 'InvalidDigitalTwinPatch' }],
  ['digital-twin-path', { errorCode: 400508, name: 'InvalidDigitalTwinPatchPath' }],
  ['configuration-not-found', { errorCode: 404301, name: 'ConfigurationNotFound' }],
  ['configuration-exists', { errorCode: 409401, name: 'ConfigurationAlreadyExists' }],
  ['configuration-condition', { errorCode: 400401, name: 'InvalidConfigurationTargetCondition' }],
  ['configuration-content', { errorCode: 400402, name: 'InvalidConfigurationContent' }],
  ['configuration-immutable', { errorCode: 400403, name: 'CannotModifyImmutableConfigurationContent' }],
  ['configuration-metric', { errorCode: 400404, name: 'InvalidConfigurationCustomMetricsQuery' }],
  ['too-many-configurations', { errorCode: 413101, name: 'ConfigurationCountLimitExceeded' }],
  ['transfer-quota', { errorCode: 403003, name: 'JobQuotaExceeded' }],
  ['job-exists', { errorCode: 409104, name: 'JobAlreadyExists' }],
  ['job-not-found', { errorCode: 404002, name: 'JobNotFound' }],
  ['job-over', { errorCode: 405102, name: 'OperationNotAllowedInCurrentState' }],
  ['too-many-jobs', { errorCode: 429004, name: 'ThrottlingMaxActiveJobCountExceeded' }],
  ['system-module', { errorCode: 401100, name: 'SystemModuleModifyUnauthorizedAccess' }],
  ['lock-lost', { errorCode: 412002, name: 'DeviceMessageLockLost' }],
  ['queue-depth', { errorCode: 403004, name: 'DeviceMaximumQueueDepthExceeded' }],
  ['message-expiry', { errorCode: 403009, name: 'InvalidMessageExpiryTime' }],
  ['no-upload-target', { errorCode: 400014, name: 'DefaultStorageEndpointNotConfigured' }],
  ['correlation-id', { errorCode: 400015, name: 'InvalidFileUploadCorrelationId' }],
  ['correlation-expired', { errorCode: 400016, name: 'ExpiredFileUploadCorrelationId' }],
  ['no-such-blob', { errorCode: 400020, name: 'InvalidStorageEndpointOrBlob' }],
  ['too-many-uploads', { errorCode: 403006, name: 'DeviceMaximumActiveFileUploadLimitExceeded' }],
  ['too-many-calls', { errorCode: 403800, name: 'DeviceMaximumInflightMethodExceeded' }],
]);

export function hubErrorOf(problem: Problem): HubError {
  return byReason.get(problem.reason ?? '') ?? hubErrors[problem.code];
}

/** What a failure that was written down is called to back ends. */
export function nameError({ code, reason, message }: { code: ProblemCode; reason?: string; message: string }): string {
  return hubErrorOf(new Problem(code, message, reason === undefined ? {} : { reason })).name;
}

/** Three digits: what stands in `$iothub/twin/res/{status}/`, and what HTTP answers. */
export function statusOf(error: HubError): number {
  return Math.floor(error.errorCode / 1000);
}

/** The body that goes with a status from 300 on: Node fails a call only for a body with an `errorCode` (4.10). */
export function formatDeviceError(problem: Problem, trackingId: string, at: Instant): JsonObject {
  return {
    errorCode: hubErrorOf(problem).errorCode,
    message: problem.message,
    trackingId,
    timestampUtc: formatInstant(at),
  };
}
