import { isDeviceId } from '#base/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { type ConfigurationContent, configurationKinds, type TwinContent } from './configuration.ts';
import { configurationLimits } from './limits.ts';

const root = 'properties.desired';

/**
 * Reads a content as back ends send it: one of `deviceContent`, `moduleContent` and `modulesContent`. Throws Problem
 * `argument-invalid` with reason `configuration-content`.
 */
export function parseConfigurationContent(content: JsonObject): ConfigurationContent {
  const kinds = configurationKinds.filter((kind) => content[kind] != null);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw refused('has exactly one of deviceContent, moduleContent and modulesContent');
  const value = content[kind];
  if (!isJsonObject(value)) throw refused(`has no object as ${kind}`);
  if (kind !== 'modulesContent') return { kind, twin: checkTwinContent(kind, value) };
  return { kind, modules: parseModulesContent(value) };
}

/** The part that belongs to modules, as it is also sent for one device alone. */
export function parseModulesContent(value: JsonObject): Record<string, TwinContent> {
  const modules = Object.entries(value);
  if (modules.length > configurationLimits.modulesMax) throw refused(`names at most ${configurationLimits.modulesMax} modules`);
  return Object.fromEntries(
    modules.map(([moduleId, twin]) => {
      if (!isDeviceId(moduleId)) throw refused(`names no module with ${JSON.stringify(moduleId.slice(0, 128))}`);
      if (!isJsonObject(twin)) throw refused(`has an object for the module ${moduleId}`);
      return [moduleId, checkTwinContent(moduleId, twin)];
    }),
  );
}

export function formatConfigurationContent(content: ConfigurationContent): JsonObject {
  return content.kind === 'modulesContent' ? { modulesContent: { ...content.modules } } : { [content.kind]: content.twin };
}

/** Desired properties as they are once `content` was written to them: whole, or at the paths that it names. */
export function desiredAfter(desired: JsonObject, content: TwinContent): JsonObject {
  let after = desired;
  // The whole first: what stands at a path is more particular.
  const entries = Object.entries(content).sort(([a], [b]) => a.length - b.length);
  for (const [path, value] of entries) {
    after = path === root && isJsonObject(value) ? value : putAt(after, path.slice(root.length + 1).split('.'), value);
  }
  return after;
}

function putAt(target: JsonObject, [name = '', ...below]: readonly string[], value: Json): JsonObject {
  const inner = Object.hasOwn(target, name) ? target[name] : undefined;
  const put = below.length === 0 ? value : putAt(isJsonObject(inner) ? inner : {}, below, value);
  return Object.fromEntries([...Object.entries(target).filter(([key]) => key !== name), [name, put]]);
}

function checkTwinContent(where: string, content: JsonObject): TwinContent {
  for (const [path, value] of Object.entries(content)) {
    const names = path.slice(root.length + 1).split('.');
    const isPath = path.startsWith(`${root}.`) && names.every((name) => name !== '') && names.length <= 10;
    if (path !== root && !isPath)
      throw refused(`writes ${root} or a path below it, not ${JSON.stringify(path.slice(0, 200))} (${where})`);
    if (path === root && !isJsonObject(value)) throw refused(`has an object as ${root} (${where})`);
    if (value === null) throw refused(`has a value at ${path} (${where})`);
  }
  return content;
}

function refused(what: string): Problem {
  return new Problem('argument-invalid', `The content of a configuration ${what}.`, { reason: 'configuration-content' });
}
