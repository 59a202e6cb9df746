import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import { evaluate } from '#lang/evaluate.ts';
import { type Expression, pathsOf } from '#lang/expression.ts';
import { identityName, parseIdentityName } from '../identity.ts';
import type { QueryRow, QuerySource } from '../query/query-source.ts';
import { applyModulesContent, applyTwinContent } from './apply-content.ts';
import { byPrecedence, type Configuration } from './configuration.ts';
import type { TargetCondition } from './target-condition.ts';
import type { ConfigurationTarget, ConfigurationTargetStore } from './target-store.ts';

/** A configuration, ready to be asked whom it is meant for. */
export type ActiveConfiguration = Configuration & { readonly condition: TargetCondition };

export type SettleRooms = Parameters<typeof applyModulesContent>[0] & {
  readonly platform: Platform;
  readonly targets: ConfigurationTargetStore;
  readonly sources: { readonly devices: QuerySource; readonly modules: QuerySource };
};

/** Paths that the conditions over one source, and we ourselves, ask for. */
export function pathsAsked(all: readonly ActiveConfiguration[]): (readonly (string | number)[])[] {
  return [['capabilities', 'iotEdge'], ...all.flatMap(({ condition }) => (condition.where ? [...pathsOf(condition.where)] : []))];
}

/** Looks at these devices or modules again: which configurations are meant for each, and which of them it gets. */
export async function settleIdentities(
  rooms: SettleRooms,
  all: readonly ActiveConfiguration[],
  identities: readonly string[],
): Promise<void> {
  const isOfModule = (identity: string) => parseIdentityName(identity).moduleId !== undefined;
  const { devices, modules } = rooms.sources;
  for (const [source, names] of [
    [devices, identities.filter((identity) => !isOfModule(identity))],
    [modules, identities.filter(isOfModule)],
  ] as const) {
    if (names.length === 0) continue;
    const wanted = new Set(names);
    const where = oneOf(source === modules, names);
    // Modules are asked for by device and by name, so others come along.
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { rows, through } = await source.scan({ after, where, paths: pathsAsked(all), max: names.length * 2 });
      await settleRows(
        rooms,
        all,
        rows.filter(({ key }) => wanted.has(key)),
        source === modules,
      );
      after = through;
    }
  }
}

/** The same for rows that were read already, of devices or of modules. */
export async function settleRows(
  rooms: SettleRooms,
  all: readonly ActiveConfiguration[],
  rows: readonly QueryRow[],
  isOfModules: boolean,
): Promise<void> {
  const agentOf = (identity: string) => identityName({ deviceId: identity, moduleId: '$edgeAgent' });
  const identities = rows.flatMap(({ key }) => (isOfModules ? [key] : [key, agentOf(key)]));
  const stored = await rooms.targets.load(identities);
  const kindOf = (id: string) => all.find((configuration) => configuration.id === id)?.content.kind;
  for (const row of rows) {
    const meant = all.filter((configuration) => isMeant(configuration, row, isOfModules)).sort(byPrecedence);
    const settle = (identity: string, kind: Configuration['content']['kind']) => {
      // Those of configurations that were deleted go wherever they are met.
      const before = (stored.get(identity) ?? []).filter(({ configurationId }) => {
        const known = kindOf(configurationId);
        return known === undefined || known === kind;
      });
      return settleOne(
        rooms,
        identity,
        before,
        meant.filter(({ content }) => content.kind === kind),
      );
    };
    if (isOfModules) await settle(row.key, 'moduleContent');
    else {
      await settle(row.key, 'deviceContent');
      await settle(agentOf(row.key), 'modulesContent');
    }
  }
}

function isMeant({ condition, content }: ActiveConfiguration, row: QueryRow, isOfModules: boolean): boolean {
  if (condition.source !== (isOfModules ? 'devices.modules' : 'devices')) return false;
  if (content.kind === 'modulesContent' && row.value(['capabilities', 'iotEdge']) !== true) return false;
  return condition.where === undefined || evaluate(condition.where, row) === true;
}

async function settleOne(
  rooms: SettleRooms,
  identity: string,
  before: readonly ConfigurationTarget[],
  meant: readonly ActiveConfiguration[],
): Promise<void> {
  const [winner] = meant;
  const after = meant.map(({ id }) => ({ configurationId: id, isApplied: id === winner?.id }));
  if (isSame(before, after)) return;
  const ids = [...new Set([...before, ...after].map(({ configurationId }) => configurationId))];
  const isNew =
    winner !== undefined && !before.some(({ configurationId, isApplied }) => isApplied && configurationId === winner.id);
  if (!isNew) return rooms.targets.replaceAlone(identity, ids, after);
  try {
    await write(rooms, identity, winner, ids, after);
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code === 'device-not-found' || problem.code === 'not-found') return;
    // Too large for this twin, say: the next sweep tries again, and it stays targeted until then.
    rooms.platform.log.warn('configuration.not-applied', { configurationId: winner.id, identity, error: problem.message });
    const targeted = after.map(({ configurationId }) => ({ configurationId, isApplied: false }));
    if (!isSame(before, targeted)) await rooms.targets.replaceAlone(identity, ids, targeted);
  }
}

/** What it gets, and that it has it: for one twin in one transaction, for many modules after the last of them. */
async function write(
  rooms: SettleRooms,
  identity: string,
  { content }: ActiveConfiguration,
  ids: readonly string[],
  after: readonly ConfigurationTarget[],
): Promise<void> {
  if (content.kind !== 'modulesContent') {
    await applyTwinContent(rooms, identity, content.twin, (transaction) =>
      rooms.targets.replace(transaction, identity, ids, after),
    );
    return;
  }
  const { deviceId } = parseIdentityName(identity);
  await applyModulesContent(rooms, deviceId, content.modules, { isComplete: false });
  await rooms.targets.replaceAlone(identity, ids, after);
}

function isSame(before: readonly ConfigurationTarget[], after: readonly ConfigurationTarget[]): boolean {
  return (
    before.length === after.length &&
    after.every(({ configurationId, isApplied }) =>
      before.some((target) => target.configurationId === configurationId && target.isApplied === isApplied),
    )
  );
}

/** The condition that a twin is one of these. */
function oneOf(isOfModules: boolean, identities: readonly string[]): Expression {
  const at = { start: 0, end: 0 };
  const names = identities.map(parseIdentityName);
  const among = (name: 'deviceId' | 'moduleId', items: readonly string[]): Expression => ({
    ...at,
    kind: 'in',
    operand: { ...at, kind: 'path', path: [name] },
    items: [...new Set(items)],
    isNegated: false,
  });
  const devices = among(
    'deviceId',
    names.map(({ deviceId }) => deviceId),
  );
  if (!isOfModules) return devices;
  const modules = among(
    'moduleId',
    names.map(({ moduleId = '' }) => moduleId),
  );
  return { ...at, kind: 'and', operands: [devices, modules] };
}
