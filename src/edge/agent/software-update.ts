import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { failure } from './command-queue.ts';
import type { Download } from './download.ts';
import { moduleBytesMax, modulesMax } from './limits.ts';
import { type Operation, PartialFailure } from './operation.ts';
import { type SoftwareOptions, softwareTypes } from './software-list.ts';
import { loadPlugins, type ModuleChange, type SoftwarePlugin } from './software-plugins.ts';

type Wanted = { readonly change: ModuleChange; readonly url: string | undefined };
type Failure = { readonly type: string; readonly name: string; readonly action: string; readonly reason: string };

/** Installs and removes modules by the plugins, type by type in the order of the request. What fails does not keep other types from theirs. */
export function softwareUpdate(platform: Platform, options: SoftwareOptions & { readonly download: Download }): Operation {
  return {
    name: 'software_update',
    capability: () => softwareTypes(platform, options),
    async run(request, { signal }) {
      const plugins = await loadPlugins(platform, options.pluginDirectory);
      const lists = readUpdateList(request, options.defaultType).map(([type, wanted]) => {
        const plugin = plugins.find((candidate) => candidate.type === type);
        if (!plugin) throw new Problem('not-found', `There is no plugin for software of type '${type}'.`);
        return { plugin, wanted };
      });
      const failures: Failure[] = [];
      for (const { plugin, wanted } of lists) failures.push(...(await change(plugin, wanted, options.download, signal)));
      if (failures.length === 0) return {};
      const names = failures.map(({ action, name }) => `${action} ${name}`).join(', ');
      throw new PartialFailure(`Failed: ${names}. ${failures[0]?.reason ?? ''}`, { failures: groupFailures(failures) });
    },
  };
}

/** Throws Problem `argument-invalid`: a module is given to a program, so nothing of it may look like one of that program's options. */
function readUpdateList({ updateList }: JsonObject, defaultType: string | undefined): [type: string, wanted: Wanted[]][] {
  const groups = new Map<string, Wanted[]>();
  let count = 0;
  for (const group of arrayOf(updateList, 'updateList')) {
    const { type = defaultType, modules } = isJsonObject(group) ? group : {};
    if (typeof type !== 'string') throw new Problem('argument-invalid', "A group of 'updateList' has no 'type'.");
    const wanted = groups.get(type) ?? [];
    for (const module of arrayOf(modules, 'modules')) wanted.push(readModule(module));
    groups.set(type, wanted);
    count += wanted.length;
  }
  if (count === 0 || count > modulesMax) throw new Problem('argument-invalid', `'updateList' names 1 to ${modulesMax} modules.`);
  return [...groups];
}

function readModule(module: Json): Wanted {
  const { name, version, url, action } = isJsonObject(module) ? module : {};
  if (typeof name !== 'string' || !isWord(name))
    throw new Problem('argument-invalid', "A module of 'updateList' has no 'name' that could be one.");
  if (action !== 'install' && action !== 'remove') {
    throw new Problem('argument-invalid', `The 'action' of ${name} is neither install nor remove.`);
  }
  if (version !== undefined && (typeof version !== 'string' || (version !== '' && !isWord(version)))) {
    throw new Problem('argument-invalid', `The 'version' of ${name} cannot be one.`);
  }
  if (url !== undefined && typeof url !== 'string') throw new Problem('argument-invalid', `The 'url' of ${name} is no text.`);
  return {
    change: { name, action, ...(typeof version === 'string' && version !== '' ? { version } : {}) },
    url: typeof url === 'string' && url !== '' ? url : undefined,
  };
}

/** No option, and nothing that would end a line or a field of update-list. */
function isWord(text: string): boolean {
  return /^[^-\s\p{Cc}][^\s\p{Cc}]{0,255}$/u.test(text);
}

async function change(
  plugin: SoftwarePlugin,
  wanted: readonly Wanted[],
  download: Download,
  signal: AbortSignal,
): Promise<Failure[]> {
  const failed = ({ name, action }: ModuleChange, error: unknown): Failure => {
    if (signal.aborted) throw error;
    return { type: plugin.type, name, action, reason: failure(error).reason };
  };
  const files: { remove(): Promise<void> }[] = [];
  const changes: ModuleChange[] = [];
  try {
    try {
      await plugin.prepare(signal);
      for (const { change: one, url } of wanted) {
        const file = url === undefined ? undefined : await download(url, moduleBytesMax, signal);
        if (file) files.push(file);
        changes.push(file ? { ...one, file: file.path } : one);
      }
    } catch (error) {
      return wanted.map(({ change: one }) => failed(one, error));
    }
    const failures = await apply(plugin, changes, failed, signal);
    try {
      await plugin.finalize(signal);
    } catch (error) {
      if (failures.length === 0) return changes.map((one) => failed(one, error));
    }
    return failures;
  } finally {
    for (const file of files) await file.remove();
  }
}

async function apply(
  plugin: SoftwarePlugin,
  changes: readonly ModuleChange[],
  failed: (change: ModuleChange, error: unknown) => Failure,
  signal: AbortSignal,
): Promise<Failure[]> {
  try {
    if (await plugin.changeAll(changes, signal)) return [];
  } catch (error) {
    return changes.map((one) => failed(one, error));
  }
  const failures: Failure[] = [];
  for (const one of changes) await plugin.change(one, signal).catch((error: unknown) => void failures.push(failed(one, error)));
  return failures;
}

function groupFailures(failures: readonly Failure[]): Json {
  return [...Map.groupBy(failures, ({ type }) => type)].map(([type, modules]) => ({
    type,
    modules: modules.map(({ name, action, reason }) => ({ name, action, reason })),
  }));
}

function arrayOf(value: Json | undefined, name: string): Json[] {
  if (Array.isArray(value)) return value;
  throw new Problem('argument-invalid', `'${name}' is no list.`);
}
