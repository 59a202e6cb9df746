import { formatInstantTicks } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { type AskedTransfer, askedTransfer, versionOnly } from '../contract/service-requests.ts';
import type { Transfer, TransferRequest } from '../transfers/transfer.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Imports and exports of the registry (hub-service-protocol.md 4.8). */
export function transferRoutes({ transfers }: Pick<ServiceRooms, 'transfers'>): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/jobs/create',
      permission: 'RegistryWrite',
      summary: 'Begins to write the registry to a blob, or to read it from one',
      query: versionOnly,
      body: askedTransfer,
      handle: async ({ body }) => ({ json: formatTransfer(await transfers.create(parseTransfer(body))) }),
    }),
    serviceRoute({
      method: 'GET',
      path: '/jobs',
      permission: 'RegistryRead',
      summary: 'Imports and exports, the newest first',
      query: versionOnly,
      handle: async () => ({ json: (await transfers.list()).map(formatTransfer) }),
    }),
    serviceRoute({
      method: 'GET',
      path: '/jobs/:jobId',
      permission: 'RegistryRead',
      summary: 'How far an import or an export is',
      query: versionOnly,
      handle: async ({ params: { jobId = '' } }) => ({ json: formatTransfer(await transfers.require(jobId)) }),
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/jobs/:jobId',
      permission: 'RegistryWrite',
      summary: 'Cancels an import or an export',
      query: versionOnly,
      async handle({ params: { jobId = '' } }) {
        await transfers.cancel(jobId);
        return { status: 204 };
      },
    }),
  ];
}

function parseTransfer(asked: AskedTransfer): TransferRequest {
  const { inputBlobContainerUri, outputBlobContainerUri } = asked;
  if (outputBlobContainerUri == null) throw new Problem('argument-invalid', 'outputBlobContainerUri is missing.');
  if (asked.type === 'import' && inputBlobContainerUri == null) {
    throw new Problem('argument-invalid', 'inputBlobContainerUri is missing.');
  }
  return {
    type: asked.type,
    ...(inputBlobContainerUri == null ? {} : { inputContainerUri: inputBlobContainerUri }),
    inputBlobName: asked.inputBlobName || 'devices.txt',
    outputContainerUri: outputBlobContainerUri,
    outputBlobName: asked.outputBlobName || 'devices.txt',
    isWithoutKeys: asked.excludeKeysInExport ?? false,
    isWithConfigurations: asked.includeConfigurations ?? false,
    configurationsBlobName: asked.configurationsBlobName || 'configurations.txt',
  };
}

/** The containers are told without their signatures: those are keys. */
function formatTransfer({ jobId, request, status, progress, startedAt, endedAt, failureReason }: Transfer): JsonObject {
  const bare = (uri: string) => uri.split('?', 1)[0] ?? '';
  return {
    jobId,
    type: request.type,
    status,
    progress,
    ...(startedAt === undefined ? {} : { startTimeUtc: formatInstantTicks(startedAt) }),
    ...(endedAt === undefined ? {} : { endTimeUtc: formatInstantTicks(endedAt) }),
    ...(request.inputContainerUri === undefined ? {} : { inputBlobContainerUri: bare(request.inputContainerUri) }),
    ...(request.type === 'import' ? { inputBlobName: request.inputBlobName } : {}),
    outputBlobContainerUri: bare(request.outputContainerUri),
    outputBlobName: request.outputBlobName,
    excludeKeysInExport: request.isWithoutKeys,
    includeConfigurations: request.isWithConfigurations,
    configurationsBlobName: request.configurationsBlobName,
    failureReason: failureReason ?? null,
  };
}
