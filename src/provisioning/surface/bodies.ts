import { formatInstantTicks } from '#base/instant.ts';
import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { RegistrationProgress } from '../registration/register-device.ts';
import type { Registration } from '../registration/registration.ts';

/** The largest message a device may send, dps-device-protocol.md 11. */
export const registerBytesMax = 96 * 1024;
/**
 * The largest packet on MQTT, whose sender has proved nothing yet and may never. A body that is somewhat too
 * large still comes in and is refused in words.
 */
export const requestPacketBytesMax = 128 * 1024;
/** What clients are told to wait; Java accepts 2 to 5 and takes 2 otherwise. */
export const retryAfterSeconds = 3;

/** The JSON of an MQTT body; nothing, or white space, is no body. Throws Problem `malformed` or `payload-too-large`. */
export function parseBody(body: Uint8Array): Json | undefined {
  return Buffer.from(body).toString('latin1').trim() === '' ? undefined : parseJson(body, { bytesMax: registerBytesMax });
}

/**
 * The application's payload out of a register body, as JSON text. The body may be missing or lack
 * the registration id (.NET); where the id stands it must be the caller's. Throws Problem `malformed`,
 * `argument-invalid` or `not-supported`.
 */
export function readRegisterBody(value: Json | undefined, registrationId: string): string | undefined {
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw new Problem('malformed', 'The body must be a JSON object.');
  const { registrationId: named } = value;
  if (named !== undefined && (typeof named !== 'string' || named.toLowerCase() !== registrationId.toLowerCase())) {
    throw new Problem('argument-invalid', 'The registrationId in the body is not the one that is registering.');
  }
  for (const name of ['csr', 'clientCertificateCsr', 'tpm']) {
    if (value[name] !== undefined) throw new Problem('not-supported', `Registrations with ${name} are not supported.`);
  }
  return value.payload === undefined || value.payload === null ? undefined : JSON.stringify(value.payload);
}

/** The answer to a register call: 202, even when the result is known (6.1). */
export function formatAccepted(operationId: string) {
  return { operationId, status: 'assigning' };
}

/** The answer to a poll: 202 while under way, 200 afterwards (6.2 to 6.4). */
export function formatProgress(progress: RegistrationProgress): { status: 200 | 202; body: object } {
  const { operationId } = progress;
  if (progress.status === 'assigning') {
    const { registrationId } = progress;
    return {
      status: 202,
      body: { operationId, status: 'assigning', registrationState: { registrationId, status: 'assigning' } },
    };
  }
  const registrationState = formatRegistration(progress.registration);
  return { status: 200, body: { operationId, status: registrationState.status, registrationState } };
}

/** What a device of a disabled enrollment is told; nothing of it is stored. */
export function formatDisabled(operationId: string, registrationId: string) {
  const registrationState = {
    registrationId,
    status: 'disabled',
    errorCode: 403000,
    errorMessage: 'The enrollment is disabled.',
  };
  return { operationId, status: 'disabled', registrationState };
}

export function formatRegistration(registration: Registration) {
  const { registrationId, groupId, result, etag, leafSha256 } = registration;
  const common = {
    [leafSha256 === undefined ? 'symmetricKey' : 'x509']: groupId === undefined ? {} : { enrollmentGroupId: groupId },
    registrationId,
    createdDateTimeUtc: formatInstantTicks(registration.createdAt),
    lastUpdatedDateTimeUtc: formatInstantTicks(registration.updatedAt),
    etag,
  };
  if (result.status === 'failed') {
    return { ...common, status: 'failed', errorCode: result.errorCode, errorMessage: result.errorMessage };
  }
  const { hubHostName: assignedHub, deviceId, substatus, payload } = result;
  return { ...common, assignedHub, deviceId, status: 'assigned', substatus, ...(payload && { payload }) };
}
