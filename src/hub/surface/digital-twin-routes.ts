import { quoteEtag } from '#base/etag.ts';
import type { Json } from '#base/json.ts';
import type { Reply } from '#wire/http/route.ts';
import { askedDigitalTwinPatch, commandPayload, commandQuery, versionOnly } from '../contract/service-requests.ts';
import { openDigitalTwins } from '../digital-twins/digital-twins.ts';
import { backEnds } from '../quotas/quotas.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

type Timeouts = { readonly connectTimeoutInSeconds?: number | undefined; readonly responseTimeoutInSeconds?: number | undefined };

/** Digital twins and commands (hub-service-protocol.md 4.11). */
export function digitalTwinRoutes({
  twins,
  methods,
  quotas,
}: Pick<ServiceRooms, 'twins' | 'methods' | 'quotas'>): ServiceRoute[] {
  const digitalTwins = openDigitalTwins(twins);

  /** A command is a method of its name, with its component's before it. */
  async function command(
    deviceId: string,
    methodName: string,
    query: Timeouts,
    payload: Json,
    trackingId: string,
  ): Promise<Reply> {
    const { connectTimeoutInSeconds: connect, responseTimeoutInSeconds: response } = query;
    const answer = await methods.invoke(deviceId, {
      methodName,
      payload,
      ...(response === undefined ? {} : { responseTimeoutSeconds: response }),
      ...(connect === undefined ? {} : { connectTimeoutSeconds: connect }),
    });
    const headers = { 'x-ms-command-statuscode': String(answer.status), 'x-ms-request-id': trackingId };
    return { status: 200, headers, json: answer.payload ?? null };
  }

  const path = '/digitaltwins/:deviceId';
  return [
    serviceRoute({
      method: 'GET',
      path,
      permission: 'ServiceConnect',
      summary: 'A device in the words of its model',
      query: versionOnly,
      async handle({ caller }) {
        quotas.take('twinReads', backEnds);
        const { json, etag } = await digitalTwins.load(caller.deviceId);
        return { headers: { etag: quoteEtag(etag) }, json };
      },
    }),
    serviceRoute({
      method: 'PATCH',
      path,
      permission: 'ServiceConnect',
      summary: 'Changes what a device shall become, by a JSON Patch',
      query: versionOnly,
      body: askedDigitalTwinPatch,
      async handle({ caller: { deviceId }, headers, body }) {
        quotas.take('twinUpdates', backEnds);
        const etag = await digitalTwins.update(deviceId, body, headers['if-match']);
        const location = `https://${headers.host ?? ''}/digitaltwins/${encodeURIComponent(deviceId)}`;
        // Python's client takes 202 and nothing else.
        return { status: 202, headers: { etag: quoteEtag(etag), location } };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: `${path}/commands/:command`,
      permission: 'ServiceConnect',
      summary: 'Calls a command of a device and waits for its answer',
      query: commandQuery,
      body: commandPayload,
      handle: ({ caller, params: { command: name = '' }, query, body, trackingId }) =>
        command(caller.deviceId, name, query, body ?? null, trackingId),
    }),
    serviceRoute({
      method: 'POST',
      path: `${path}/components/:component/commands/:command`,
      permission: 'ServiceConnect',
      summary: 'Calls a command of a component of a device and waits for its answer',
      query: commandQuery,
      body: commandPayload,
      handle: ({ caller, params: { component = '', command: name = '' }, query, body, trackingId }) =>
        command(caller.deviceId, `${component}*${name}`, query, body ?? null, trackingId),
    }),
  ];
}
