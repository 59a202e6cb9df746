import type { JsonObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import type { Operation } from './operation.ts';
import { loadPlugins } from './software-plugins.ts';

export type SoftwareOptions = {
  readonly pluginDirectory: string;
  /** Of one type, in a list: the rest is left out. */
  readonly listedMax: number;
  /** For modules that name no type. */
  readonly defaultType: string | undefined;
};

export async function softwareTypes(platform: Platform, { pluginDirectory }: SoftwareOptions): Promise<JsonObject> {
  return { types: (await loadPlugins(platform, pluginDirectory)).map(({ type }) => type) };
}

/** Says what is installed, by the plugins. One that fails fails the whole: half a list would be taken for all of it. */
export function softwareList(platform: Platform, options: SoftwareOptions): Operation {
  return {
    name: 'software_list',
    capability: () => softwareTypes(platform, options),
    async run(_request, { signal }) {
      const lists = [];
      for (const plugin of await loadPlugins(platform, options.pluginDirectory)) {
        const modules = (await plugin.list(signal)).slice(0, options.listedMax);
        lists.push({ type: plugin.type, modules: modules.map((module) => ({ ...module })) });
      }
      return { currentSoftwareList: lists };
    },
  };
}
