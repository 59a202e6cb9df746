import { parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { askedConfiguration } from '../contract/configuration-requests.ts';
import { type AskedBulkEntry, askedBulkEntry } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import type { Device } from '../registry/device.ts';
import { deviceScopeOf, ownScope } from '../registry/edge-scope.ts';
import { type Module, systemModuleIds } from '../registry/module.ts';
import type { LineFailure, NumberedLine, TransferLines } from '../transfers/transfer.ts';
import { formatTwin, type Twin } from '../twins/twin.ts';
import { formatPlace } from '../twins/twin-document.ts';
import { applyEntries } from './bulk-routes.ts';
import { formatConfiguration, saveConfiguration } from './configuration-routes.ts';
import { serviceErrorOf } from './service-errors.ts';
import { formatAuthentication } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';

/** Devices read at a time; each may have fifty modules. */
const devicesAtOnce = 100;

/** The registry as lines of JSON, and back (hub-service-protocol.md 4.8). */
export function transferLines(
  platform: Platform,
  rooms: Pick<ServiceRooms, 'registry' | 'twins' | 'configurations'>,
): TransferLines {
  const { registry, twins, configurations } = rooms;

  async function linesOf(device: Device, isWithoutKeys: boolean): Promise<string[]> {
    const lines = [JSON.stringify(deviceLine(device, await twins.load(device.deviceId), isWithoutKeys))];
    for (const module of await registry.modules.list(device.deviceId)) {
      lines.push(JSON.stringify(moduleLine(module, await twins.load(identityName(module)), isWithoutKeys)));
    }
    return lines;
  }

  /** Lines that are entries, and why the others are none. */
  function parse(lines: readonly NumberedLine[]) {
    const entries: { line: number; entry: AskedBulkEntry }[] = [];
    const failures: LineFailure[] = [];
    for (const { line, text } of lines) {
      try {
        const parsed = askedBulkEntry.safeParse(parseJson(text));
        if (!parsed.success) throw new Problem('argument-invalid', parsed.error.issues[0]?.message ?? 'The line is no identity.');
        entries.push({ line, entry: parsed.data });
      } catch (error) {
        failures.push(failureOf(line, undefined, asProblem(error)));
      }
    }
    return { entries, failures };
  }

  /** The parent of a line by its name: one of another hub, or of before, has another generation here. */
  async function withPresentParent(entry: AskedBulkEntry): Promise<AskedBulkEntry | undefined> {
    const scope = entry.capabilities?.iotEdge ? entry.parentScopes?.[0] : (entry.deviceScope ?? entry.parentScopes?.[0]);
    const [, parentId] = /^ms-azure-iot-edge:\/\/(.+)-\d+$/.exec(scope ?? '') ?? [];
    const parent = parentId === undefined ? undefined : await registry.load(parentId);
    if (!parent?.isEdge || ownScope(parent) === scope) return undefined;
    return entry.capabilities?.iotEdge
      ? { ...entry, parentScopes: [ownScope(parent)] }
      : { ...entry, deviceScope: ownScope(parent), parentScopes: [] };
  }

  return {
    async exportDevices(after, isWithoutKeys) {
      const devices = await registry.list({ after, limit: devicesAtOnce });
      const lines: string[] = [];
      for (const device of devices) {
        // One that goes in between is not in the export.
        lines.push(...(await linesOf(device, isWithoutKeys).catch((error: unknown) => noneIfGone(error))));
      }
      const last = devices.at(-1);
      return { lines, count: devices.length, ...(devices.length < devicesAtOnce || !last ? {} : { through: last.deviceId }) };
    },

    async exportConfigurations() {
      const all = await configurations.list(Number.MAX_SAFE_INTEGER);
      return all.map((configuration) =>
        JSON.stringify({ ...formatConfiguration(configuration), importMode: 'createOrUpdateIfMatchETag' }),
      );
    },

    async importDevices(lines) {
      const { entries, failures } = parse(lines);
      const bare = entries.map(({ entry }) => entry);
      const refused = await applyEntries(rooms, bare);
      for (const { line, entry } of entries) {
        const problem = refused.get(entry);
        if (!problem) continue;
        const moved = problem.reason === 'device-scope' ? await withPresentParent(entry) : undefined;
        const again = moved ? (await applyEntries(rooms, [moved])).get(moved) : problem;
        if (!again) continue;
        if (again.code === 'internal') platform.log.error('import.failed', { deviceId: entry.id, cause: String(again.cause) });
        failures.push(failureOf(line, entry, again));
      }
      return failures;
    },

    async importConfigurations(lines) {
      const failures: LineFailure[] = [];
      for (const { line, text } of lines) {
        try {
          const parsed = askedConfiguration.safeParse(parseJson(text));
          if (!parsed.success || !parsed.data.id) throw new Problem('argument-invalid', 'The line is no configuration.');
          await saveConfiguration(configurations, parsed.data.id, parsed.data, 'createOrUpdate');
        } catch (error) {
          failures.push(failureOf(line, undefined, asProblem(error)));
        }
      }
      return failures;
    },
  };
}

function noneIfGone(error: unknown): string[] {
  const { code } = asProblem(error);
  if (code === 'device-not-found' || code === 'not-found') return [];
  throw error;
}

function failureOf(line: number, entry: AskedBulkEntry | undefined, problem: Problem): LineFailure {
  return {
    line,
    id: entry?.id ?? '',
    moduleId: entry?.moduleId ?? null,
    errorCode: serviceErrorOf(problem).name,
    errorStatus: problem.message,
  };
}

function deviceLine(device: Device, twin: Twin, isWithoutKeys: boolean) {
  const deviceScope = deviceScopeOf(device);
  return {
    id: device.deviceId,
    eTag: device.etag,
    status: device.isEnabled ? 'enabled' : 'disabled',
    statusReason: device.statusReason ?? null,
    authentication: authenticationOf(device, isWithoutKeys),
    ...twinLine(twin),
    ...formatPlace(device),
    ...(deviceScope === undefined ? {} : { deviceScope }),
  };
}

function moduleLine(module: Module, twin: Twin, isWithoutKeys: boolean) {
  return {
    id: module.deviceId,
    moduleId: module.moduleId,
    managedBy: module.managedBy ?? null,
    eTag: module.etag,
    // The service makes these itself; what an owner gave them is in the twin.
    ...(systemModuleIds.includes(module.moduleId) ? { importMode: 'updateTwin' } : {}),
    authentication: authenticationOf(module, isWithoutKeys),
    ...twinLine(twin),
  };
}

function authenticationOf({ authentication }: Pick<Device | Module, 'authentication'>, isWithoutKeys: boolean) {
  const formatted = formatAuthentication(authentication);
  if (!isWithoutKeys || authentication.type !== 'sas') return formatted;
  return { ...formatted, symmetricKey: { primaryKey: '', secondaryKey: '' } };
}

function twinLine(twin: Twin) {
  const { tags, properties } = formatTwin(twin);
  return { twinETag: twin.etag, tags, properties };
}
