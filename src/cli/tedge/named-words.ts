import { basename } from 'node:path';

/** Components that are started by a name of their own: links to `tedge` (thin-edge.md 16.6). The underscore is the oldest spelling. */
const components: Readonly<Record<string, string>> = {
  'tedge-mapper': 'tedge-mapper',
  tedge_mapper: 'tedge-mapper',
  'tedge-agent': 'tedge-agent',
};

/** A link of one of these names among the agent's plugins is the plugin for Debian's packages. */
const aptNames: readonly string[] = ['apt', 'tedge-apt-plugin'];

/** The words of a command line, with those that its program's name stands for. */
export function namedWords([, program = '', ...words]: readonly string[]): string[] {
  const name = basename(program);
  const component = Object.hasOwn(components, name) ? components[name] : undefined;
  return component === undefined ? words : ['run', component, ...words];
}

/** Whether the program was started as the plugin for Debian's packages. */
export function isAptPlugin([, program = '']: readonly string[]): boolean {
  return aptNames.includes(basename(program));
}
