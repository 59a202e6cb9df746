import { quoteEtag } from '#base/etag.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import {
  type AskedEnrollment,
  askedBulk,
  askedEnrollment,
  type BulkEntry,
  ignoredBody,
  versionOnly,
} from '../contract/service-requests.ts';
import type { Enrollment, NewEnrollment } from '../enrollments/enrollment.ts';
import { formatEnrollment } from '../enrollments/enrollment-json.ts';
import { formatEnrollmentAttestation, type KeyDisplay } from './attestation-json.ts';
import { formatRegistration } from './bodies.ts';
import { runBulk } from './bulk.ts';
import { putAsAsked } from './put-as-asked.ts';
import { replyPage } from './query-page.ts';
import { readAllocation } from './read-allocation.ts';
import { readEnrollmentAttestation } from './read-attestation.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Enrollments of single devices (dps-service-protocol.md 3). */
export function enrollmentRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  const { enrollments, registrations, holds } = rooms;
  const common = { query: versionOnly } as const;

  async function reply(enrollment: Enrollment, keys: KeyDisplay): Promise<Reply> {
    const registration = await registrations.load(enrollment.registrationId);
    const state = registration && formatRegistration(registration);
    const json = formatEnrollment(enrollment, formatEnrollmentAttestation(enrollment.attestation, keys), state);
    return { json, headers: { etag: quoteEtag(enrollment.etag) } };
  }

  async function remove(registrationId: string, ifMatch?: string): Promise<void> {
    await enrollments.delete(registrationId, ifMatch);
    // Its registration says which device it was: that one is kept out first.
    await holds.idle();
    try {
      await registrations.delete(registrationId);
    } catch (error) {
      if (asProblem(error).code !== 'registration-not-found') throw error;
    }
  }

  return [
    serviceRoute({
      ...common,
      method: 'GET',
      path: '/enrollments/:registrationId',
      permission: 'EnrollmentRead',
      summary: 'The enrollment of a device, without its keys',
      handle: async ({ params }) => reply(await enrollments.require(params.registrationId ?? ''), 'hidden'),
    }),
    serviceRoute({
      ...common,
      method: 'PUT',
      path: '/enrollments/:registrationId',
      permission: 'EnrollmentWrite',
      summary: 'Enrolls a device, or with If-Match changes its enrollment',
      body: askedEnrollment,
      async handle({ params, body, headers }) {
        const registrationId = params.registrationId ?? '';
        requireSameId(body.registrationId, registrationId);
        const enrollment = await putAsAsked(headers['if-match'], {
          load: () => enrollments.load(registrationId),
          create: () => enrollments.create(readEnrollment(registrationId, body)),
          replace: (present, ifMatch) => enrollments.replace(readEnrollment(registrationId, body, present), ifMatch),
        });
        return reply(enrollment, 'shown');
      },
    }),
    serviceRoute({
      ...common,
      method: 'DELETE',
      path: '/enrollments/:registrationId',
      permission: 'EnrollmentWrite',
      summary: 'Deletes the enrollment of a device with the state of its registration',
      async handle({ params, headers }) {
        await remove(params.registrationId ?? '', headers['if-match']);
        return { status: 204 };
      },
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollments/query',
      readsOnly: true,
      permission: 'EnrollmentRead',
      summary: 'All enrollments of devices, page by page',
      body: ignoredBody,
      handle: ({ headers }) =>
        replyPage(
          headers,
          'enrollment',
          (page) => enrollments.page(page),
          ({ registrationId }) => registrationId,
          (enrollment) => formatEnrollment(enrollment, formatEnrollmentAttestation(enrollment.attestation, 'hidden')),
        ),
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollments/:registrationId/attestationmechanism',
      readsOnly: true,
      permission: 'EnrollmentWrite',
      summary: 'How a device proves itself, with its keys',
      body: ignoredBody,
      async handle({ params }) {
        const { attestation } = await enrollments.require(params.registrationId ?? '');
        return { json: formatEnrollmentAttestation(attestation, 'shown') };
      },
    }),
    serviceRoute({
      ...common,
      method: 'POST',
      path: '/enrollments',
      permission: 'EnrollmentWrite',
      summary: 'Creates, changes or deletes up to 10 enrollments of devices',
      body: askedBulk,
      handle: ({ body: { mode, enrollments: entries }, trackingId }) =>
        runBulk(platform, { mode, trackingId, idName: 'registrationId' }, entries, {
          create: (id, entry) => enrollments.create(readEnrollment(id, entry)),
          async update(id, entry, ifMatch) {
            await enrollments.replace(readEnrollment(id, entry, await enrollments.require(id)), ifMatch);
          },
          remove,
        }),
    }),
  ];
}

/** A request as the enrollment it asks for. Throws Problem `argument-invalid`, `certificate-invalid` or `not-supported`. */
function readEnrollment(registrationId: string, asked: BulkEntry<AskedEnrollment>, present?: Enrollment): NewEnrollment {
  const { attestation, deviceId, optionalDeviceInformation, provisioningStatus, capabilities } = asked;
  if (!attestation) throw new Problem('argument-invalid', 'The attestation is missing.');
  if (capabilities?.iotEdge) throw new Problem('not-supported', 'Edge devices are not supported.');
  return {
    registrationId,
    ...(deviceId && { deviceId }),
    isEnabled: provisioningStatus !== 'disabled',
    ...(optionalDeviceInformation && { deviceInformation: optionalDeviceInformation }),
    attestation: readEnrollmentAttestation(attestation, present?.attestation),
    allocation: readAllocation(asked, present?.allocation),
  };
}

/** Ids ignore case. */
function requireSameId(inBody: string | null | undefined, inPath: string): void {
  if (!inBody || inBody.toLowerCase() === inPath.toLowerCase()) return;
  throw new Problem('argument-invalid', 'The registrationId in the body is not the one in the path.');
}
