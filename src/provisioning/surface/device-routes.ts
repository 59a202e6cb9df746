import { z } from 'zod';
import type { Json } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { defineRoute, type Reply, type Route } from '#wire/http/route.ts';
import type { RegistrationEvidence } from '../registration/attest-registration.ts';
import { registerBytesMax } from './bodies.ts';
import type { DeviceAnswer, DeviceCalls } from './device-calls.ts';

/** Nobody is let in by a permission here: what the device may do follows from the enrollment it proves. */
const route = defineRoute<RegistrationEvidence, never>();

const apiVersion = z.looseObject({ 'api-version': z.string().regex(/^\d{4}-\d{2}-\d{2}/, 'api-version must be a date') });
/** Judged by readRegisterBody, the same as on MQTT. */
const anyJson = z.custom<Json | undefined>();

/** Registration over HTTPS, dps-device-protocol.md 9. */
export function deviceRoutes(calls: DeviceCalls): Route<RegistrationEvidence, never>[] {
  const common = { permission: 'none', query: apiVersion, bodyBytesMax: registerBytesMax } as const;
  return [
    route({
      ...common,
      method: 'PUT',
      path: '/:idScope/registrations/:registrationId/register',
      summary: 'Registers the device; answered with an operation to poll',
      body: anyJson,
      handle: async ({ caller, body }) => replyOf(await calls.register(caller, () => body)),
    }),
    route({
      ...common,
      method: 'GET',
      path: '/:idScope/registrations/:registrationId/operations/:operationId',
      summary: 'How the registration stands',
      handle: async ({ caller, params }) => replyOf(await calls.poll(caller, params.operationId ?? '')),
    }),
    route({
      ...common,
      method: 'POST',
      path: '/:idScope/registrations/:registrationId',
      summary: 'What became of the last registration',
      body: anyJson,
      handle: async ({ caller, body }) => replyOf(await calls.lookUp(caller, () => body)),
    }),
  ];
}

/** What a path may hold; a registration id is checked by its own rule later. */
export function evidenceOf(
  params: Readonly<Record<string, string>>,
  request: { certificates: readonly Buffer[]; token: string | undefined; remoteAddress: string },
): RegistrationEvidence {
  const { idScope, registrationId } = params;
  if (!idScope || !registrationId) throw new Problem('route-not-found', 'There is no such path.');
  return { idScope, registrationId, transport: 'https', ...request };
}

function replyOf({ status, retryAfterSeconds, body }: DeviceAnswer): Reply {
  const headers = {
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    // Errors say their number there, too (6.5).
    ...('errorCode' in body && { 'x-ms-error-code': String(body.errorCode) }),
  };
  return { status, json: body, headers };
}
