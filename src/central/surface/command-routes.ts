import { formatInstant } from '#base/instant.ts';
import type { CommandRun } from '../commands/command-run.ts';
import type { Commands } from '../commands/commands.ts';
import { commandRequestSchema, type DeviceCommand } from '../contract/commands.ts';
import { apiQuerySchema } from '../contract/page.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

/** `/api/devices/{id}/commands/{name}`: run a command, read its history. */
export function buildCommandRoutes(rooms: { commands: Commands }): CentralRoute[] {
  const { commands } = rooms;
  const path = '/api/devices/:deviceId/commands/:commandName';
  return [
    centralRoute({
      method: 'GET',
      path,
      permission: 'devices.read',
      summary: 'The history of a command, newest first.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({
        json: { value: (await commands.list(params.deviceId ?? '', params.commandName ?? '')).map(formatRun) },
      }),
    }),
    centralRoute({
      method: 'POST',
      path,
      permission: 'devices.command',
      summary: 'Run a command and wait for the answer of the device.',
      query: apiQuerySchema,
      body: commandRequestSchema,
      async handle({ caller, params, body }) {
        const run = await commands.run(requireUser(caller), params.deviceId ?? '', params.commandName ?? '', {
          request: body.request,
          connectionTimeoutSeconds: body.connectionTimeout,
          responseTimeoutSeconds: body.responseTimeout,
        });
        return { status: 201, json: formatRun(run) };
      },
    }),
  ];
}

function formatRun(run: CommandRun): DeviceCommand {
  return {
    id: run.commandId,
    ...(run.request === undefined ? {} : { request: run.request }),
    connectionTimeout: run.connectionTimeoutSeconds,
    responseTimeout: run.responseTimeoutSeconds,
    ...(run.response === undefined ? {} : { responseCode: run.response.code, response: run.response.payload }),
    'x-homeport-requestedAt': formatInstant(run.requestedAt),
    'x-homeport-requestedBy': run.requestedBy,
    ...(run.failure === undefined ? {} : { 'x-homeport-failure': run.failure }),
  };
}
