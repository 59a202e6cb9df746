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
    {
      path: 'cert renew',
      summary: 'Make a certificate with new dates, to be adopted at the next connect',
      load: async () => (await import('./cert/renew.ts')).certRenewCommand,
    },
    {
      path: 'cert needs-renewal',
      summary: 'Say by the exit code whether the certificate ends soon',
      load: async () => (await import('./cert/needs-renewal.ts')).certNeedsRenewalCommand,
    },
    {
      path: 'cert create-csr',
      summary: 'Make a request that a CA can sign',
      load: async () => (await import('./cert/create-csr.ts')).certCreateCsrCommand,
    },
    { path: 'config get', summary: 'Print a setting', load: async () => (await import('./config/get.ts')).configGetCommand },
    { path: 'config set', summary: 'Change a setting', load: async () => (await import('./config/set.ts')).configSetCommand },
    {
      path: 'config unset',
      summary: 'Take a setting back',
      load: async () => (await import('./config/unset.ts')).configUnsetCommand,
    },
    {
      path: 'config add',
      summary: 'Add an item to a setting that is a list',
      load: async () => (await import('./config/add.ts')).configAddCommand,
    },
    {
      path: 'config remove',
      summary: 'Take an item out of a setting that is a list',
      load: async () => (await import('./config/remove.ts')).configRemoveCommand,
    },
    {
      path: 'config list',
      summary: 'Print the settings',
      load: async () => (await import('./config/list.ts')).configListCommand,
    },
    {
      path: 'connect',
      summary: 'Connect to the hub, in the background',
      load: async () => (await import('./connect/connect.ts')).connectCommand,
    },
    {
      path: 'disconnect',
      summary: 'End the connection to the hub',
      load: async () => (await import('./connect/disconnect.ts')).disconnectCommand,
    },
    {
      path: 'reconnect',
      summary: 'Disconnect, then connect',
      load: async () => (await import('./connect/reconnect.ts')).reconnectCommand,
    },
    {
      path: 'refresh-bridges',
      summary: 'Write the files of the connection anew and restart what reads them',
      load: async () => (await import('./connect/refresh-bridges.ts')).refreshBridgesCommand,
    },
    { path: 'init', summary: 'Make the directories', load: async () => (await import('./init.ts')).initCommand },
    {
      path: 'run all',
      summary: 'Run the local broker, the bridge to the hub, the mapper and the agent',
      load: async () => (await import('./run/all.ts')).runAllCommand,
    },
    {
      path: 'run tedge-mapper',
      summary: 'Translate local messages for the hub until told to stop',
      load: async () => (await import('./run/tedge-mapper.ts')).runTedgeMapperCommand,
    },
    {
      path: 'run tedge-agent',
      summary: 'Do what the hub and local programs ask of this device',
      load: async () => (await import('./run/tedge-agent.ts')).runTedgeAgentCommand,
    },
    {
      path: 'mqtt pub',
      summary: 'Publish a message on the local broker',
      load: async () => (await import('./mqtt/pub.ts')).mqttPubCommand,
    },
    {
      path: 'mqtt sub',
      summary: 'Print messages of the local broker as they come',
      load: async () => (await import('./mqtt/sub.ts')).mqttSubCommand,
    },
  ],
};
