import { productVersion } from '#base/version.ts';
import type { Program } from '../kit/command.ts';
import { commonOptions } from './tedge-command.ts';

/** The `tedge` command line; unsupported.ts knows the commands that are not here. */
export const tedge: Program = {
  name: 'tedge',
  summary: 'Set up this machine as a thin-edge device of your own hub.',
  version: `tedge ${productVersion}`,
  ignoresCase: false,
  commonOptions,
  commands: [
    {
      path: 'cert create',
      summary: 'Make a key and a certificate that signs itself',
      load: async () => (await import('./cert/create.ts')).certCreateCommand,
    },
    { path: 'cert show', summary: 'Show the certificate', load: async () => (await import('./cert/show.ts')).certShowCommand },
    {
      path: 'cert remove',
      summary: 'Remove the certificate and its key',
      load: async () => (await import('./cert/remove.ts')).certRemoveCommand,
    },
    { path: 'config get', summary: 'Print a setting', load: async () => (await import('./config/get.ts')).configGetCommand },
    { path: 'config set', summary: 'Change a setting', load: async () => (await import('./config/set.ts')).configSetCommand },
    {
      path: 'config unset',
      summary: 'Take a setting back',
      load: async () => (await import('./config/unset.ts')).configUnsetCommand,
    },
    {
      path: 'config list',
      summary: 'Print the settings',
      load: async () => (await import('./config/list.ts')).configListCommand,
    },
  ],
};
