import { formatInstant, type Instant, parseInstant } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { apiQuerySchema } from '../contract/page.ts';
import { type LastValuesBody, rawQuerySchema, type SeriesResponse, seriesQuerySchema } from '../contract/ui-data.ts';
import type { Data } from '../data/data.ts';
import type { Devices } from '../devices/devices.ts';
import type { DeviceModel, TelemetryCapability } from '../templates/device-model.ts';
import { type CentralRoute, centralRoute } from './route.ts';

/** What was ingested from devices. */
export type DeviceData = Pick<Data, 'series' | 'raw' | 'lastKnown'>;

type Rooms = { devices: Devices; data: DeviceData };

const pointsDefault = 600;
const rawLimitDefault = 50;
const namesMax = 20;
/** Schemas that have a line in a chart. */
const charted: ReadonlySet<string> = new Set(['double', 'float', 'integer', 'long', 'boolean']);

/** What devices said: last values for everybody, series and raw messages for the app. */
export function buildDataRoutes(rooms: Rooms): CentralRoute[] {
  const { devices, data } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/devices/:deviceId/telemetry/:name',
      permission: 'devices.read',
      summary: 'The last known value of a telemetry.',
      query: apiQuerySchema,
      async handle({ params }) {
        const { deviceId } = await devices.require(params.deviceId ?? '');
        const last = await data.lastKnown(deviceId, params.name ?? '');
        if (!last) throw new Problem('not-found', 'The device has sent no such telemetry.');
        return { json: { value: last.value, timestamp: formatInstant(last.at) } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices/:deviceId/last-values',
      permission: 'devices.read',
      summary: 'The last known value of each telemetry of the template; those that never came are left out.',
      async handle({ params }) {
        const { deviceId } = await devices.require(params.deviceId ?? '');
        const names = (await devices.modelOf(deviceId))?.telemetry.map(({ name }) => name) ?? [];
        const found = await Promise.all(names.map(async (name) => [name, await data.lastKnown(deviceId, name)] as const));
        const values: LastValuesBody['values'] = {};
        for (const [name, last] of found) if (last) values[name] = { value: last.value, timestamp: formatInstant(last.at) };
        return { json: { values } satisfies LastValuesBody };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices/:deviceId/series',
      permission: 'devices.read',
      summary: 'Points for charts: names (default: all that can be charted), from, to, and how many at most.',
      query: seriesQuerySchema,
      async handle({ params, query }) {
        const { deviceId } = await devices.require(params.deviceId ?? '');
        const capabilities = chosen(await devices.modelOf(deviceId), query.names);
        const [from, to] = [instantOf(query.from), instantOf(query.to)];
        if (from >= to) throw new Problem('argument-invalid', 'from must lie before to.');
        const found = await data.series(deviceId, {
          names: capabilities.map(({ name }) => name),
          from,
          to,
          points: query.points ?? pointsDefault,
        });
        const json: SeriesResponse = {
          series: capabilities.map(({ name, displayName, unit }) => ({
            name,
            displayName,
            ...(unit === undefined ? {} : { unit }),
            points: found.find((series) => series.name === name)?.points ?? [],
          })),
        };
        return { json };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices/:deviceId/raw',
      permission: 'devices.raw',
      summary: 'Messages and changes of the device as they came, newest first, with what the template does not know.',
      query: rawQuerySchema,
      async handle({ params, query }) {
        const { deviceId } = await devices.require(params.deviceId ?? '');
        const { before, limit } = query;
        return {
          json: await data.raw(deviceId, { ...(before === undefined ? {} : { before }), limit: limit ?? rawLimitDefault }),
        };
      },
    }),
  ];
}

/** The telemetry that was asked for; a name that the template does not know is an empty series, never an error. */
function chosen(model: DeviceModel | undefined, names: string | undefined): TelemetryCapability[] {
  const telemetry = model?.telemetry ?? [];
  if (names === undefined) return telemetry.filter(({ schema }) => charted.has(schema));
  const wanted = names.split(',').filter((name) => name !== '');
  if (wanted.length > namesMax) throw new Problem('argument-invalid', `At most ${namesMax} names can be asked for at once.`);
  return wanted.map((name) => telemetry.find((one) => one.name === name) ?? { name, displayName: name, schema: 'double' });
}

function instantOf(text: string): Instant {
  const at = parseInstant(text);
  if (at === undefined) throw new Problem('argument-invalid', 'Instants are ISO 8601.');
  return at;
}
