import type { OptionSpec, Program } from '../kit/command.ts';

export const dataOption: OptionSpec = {
  name: 'data',
  value: 'DIRECTORY',
  summary: 'The data directory; without it HOMEPORT_DATA, else ~/.local/state/homeport',
};

/** `homeport`: commands are loaded by name, so that `status` does not read the server's files. */
export function homeportProgram(version: string): Program {
  return {
    name: 'homeport',
    summary: 'Run and administer a home for devices built for Azure IoT and Azure Sphere.',
    version,
    ignoresCase: false,
    commonOptions: [dataOption],
    commands: [
      { path: 'start', summary: 'Start the server', load: async () => (await import('./start.ts')).startCommand },
      {
        path: 'status',
        summary: 'Print addresses, names and ids of the running server',
        load: async () => (await import('./status.ts')).statusCommand,
      },
      {
        path: 'sign-in',
        summary: 'Print a link that signs one person in',
        load: async () => (await import('./sign-in.ts')).signInCommand,
      },
      {
        path: 'refusals',
        summary: 'Print who was refused, why, and the fix',
        load: async () => (await import('./refusals.ts')).refusalsCommand,
      },
      {
        path: 'refusals show',
        summary: 'Print all that is known of one refusal',
        load: async () => (await import('./refusals-show.ts')).refusalsShowCommand,
      },
      {
        path: 'audit',
        summary: 'Print who changed what, and when',
        load: async () => (await import('./audit.ts')).auditCommand,
      },
      {
        path: 'rehearse',
        summary: 'Print which devices will be let in no more, when and why',
        load: async () => (await import('./rehearse.ts')).rehearseCommand,
      },
      { path: 'simulate', summary: 'Run a simulated device', load: async () => (await import('./simulate.ts')).simulateCommand },
      {
        path: 'config show',
        summary: 'Print every setting and where its value came from',
        load: async () => (await import('./config-show.ts')).configShowCommand,
      },
      {
        path: 'config check',
        summary: 'Check the settings; exits 1 when something is wrong',
        load: async () => (await import('./config-check.ts')).configCheckCommand,
      },
      {
        path: 'pki verify',
        summary: 'Say whether a device’s certificate would be accepted, and if not, why',
        load: async () => (await import('./pki/verify.ts')).pkiVerifyCommand,
      },
      {
        path: 'clock',
        summary: 'Print what the server’s clock shows',
        load: async () => (await import('./clock/show.ts')).clockShowCommand,
      },
      {
        path: 'clock advance',
        summary: 'Move the clock forward by a span',
        load: async () => (await import('./clock/advance.ts')).clockAdvanceCommand,
      },
      {
        path: 'clock set',
        summary: 'Move the clock forward to an instant',
        load: async () => (await import('./clock/set.ts')).clockSetCommand,
      },
      {
        path: 'clock run',
        summary: 'Let the clock go faster',
        load: async () => (await import('./clock/run.ts')).clockRunCommand,
      },
      {
        path: 'clock stop',
        summary: 'End what moves the clock',
        load: async () => (await import('./clock/stop.ts')).clockStopCommand,
      },
      {
        path: 'crl upload',
        summary: 'Upload a CA’s revocation list',
        load: async () => (await import('./crl/upload.ts')).crlUploadCommand,
      },
      {
        path: 'crl list',
        summary: 'List the revocation lists',
        load: async () => (await import('./crl/list.ts')).crlListCommand,
      },
      {
        path: 'crl delete',
        summary: 'Forget a revocation list',
        load: async () => (await import('./crl/delete.ts')).crlDeleteCommand,
      },
      {
        path: 'crl follow',
        summary: 'Fetch a CA’s revocation list from a URL',
        load: async () => (await import('./crl/follow.ts')).crlFollowCommand,
      },
      {
        path: 'crl unfollow',
        summary: 'Fetch it no more',
        load: async () => (await import('./crl/unfollow.ts')).crlUnfollowCommand,
      },
      { path: 'hub create', summary: 'Add a hub', load: async () => (await import('./hub/create.ts')).hubCreateCommand },
      { path: 'hub list', summary: 'List the hubs', load: async () => (await import('./hub/list.ts')).hubListCommand },
      {
        path: 'hub delete',
        summary: 'Delete a hub with all it has',
        load: async () => (await import('./hub/delete.ts')).hubDeleteCommand,
      },
      {
        path: 'hub c2d send',
        summary: 'Send a message to a device',
        load: async () => (await import('./hub/c2d-send.ts')).c2dSendCommand,
      },
      {
        path: 'hub device create',
        summary: 'Create a device identity',
        load: async () => (await import('./hub/device-create.ts')).deviceCreateCommand,
      },
      {
        path: 'hub device show',
        summary: 'Print a device identity and its connection string',
        load: async () => (await import('./hub/device-show.ts')).deviceShowCommand,
      },
      {
        path: 'hub device list',
        summary: 'List the hub’s device identities',
        load: async () => (await import('./hub/device-list.ts')).deviceListCommand,
      },
      {
        path: 'hub device delete',
        summary: 'Delete a device identity',
        load: async () => (await import('./hub/device-delete.ts')).deviceDeleteCommand,
      },
      {
        path: 'hub device update',
        summary: 'Change how a device signs in, or what it is',
        load: async () => (await import('./hub/device-update.ts')).deviceUpdateCommand,
      },
      {
        path: 'hub device enable',
        summary: 'Let a device in again',
        load: async () => (await import('./hub/device-enable.ts')).deviceEnableCommand,
      },
      {
        path: 'hub device disable',
        summary: 'Keep a device out',
        load: async () => (await import('./hub/device-disable.ts')).deviceDisableCommand,
      },
      {
        path: 'hub keys renew',
        summary: 'Give a device or a module new keys',
        load: async () => (await import('./hub/keys-renew.ts')).keysRenewCommand,
      },
      {
        path: 'hub connection-string',
        summary: 'Print a connection string of a policy, a device or a module',
        load: async () => (await import('./hub/connection-string.ts')).connectionStringCommand,
      },
      {
        path: 'hub policy list',
        summary: 'List the hub’s shared access policies and their keys',
        load: async () => (await import('./hub/policy-list.ts')).policyListCommand,
      },
      {
        path: 'hub statistics',
        summary: 'Count the hub’s devices',
        load: async () => (await import('./hub/statistics.ts')).statisticsCommand,
      },
      {
        path: 'hub module create',
        summary: 'Create a module identity',
        load: async () => (await import('./hub/module-create.ts')).moduleCreateCommand,
      },
      {
        path: 'hub module show',
        summary: 'Print a module identity',
        load: async () => (await import('./hub/module-show.ts')).moduleShowCommand,
      },
      {
        path: 'hub module list',
        summary: 'List the modules of a device',
        load: async () => (await import('./hub/module-list.ts')).moduleListCommand,
      },
      {
        path: 'hub module delete',
        summary: 'Delete a module identity',
        load: async () => (await import('./hub/module-delete.ts')).moduleDeleteCommand,
      },
      {
        path: 'hub twin show',
        summary: 'Print a twin',
        load: async () => (await import('./hub/twin-show.ts')).twinShowCommand,
      },
      {
        path: 'hub twin update',
        summary: 'Merge desired properties and tags into a twin',
        load: async () => (await import('./hub/twin-update.ts')).twinUpdateCommand,
      },
      {
        path: 'hub twin replace',
        summary: 'Replace a twin’s desired properties and tags',
        load: async () => (await import('./hub/twin-replace.ts')).twinReplaceCommand,
      },
      {
        path: 'hub method invoke',
        summary: 'Call a method of a device and print its answer',
        load: async () => (await import('./hub/method-invoke.ts')).methodInvokeCommand,
      },
      {
        path: 'hub query',
        summary: 'Print what a query finds',
        load: async () => (await import('./hub/query.ts')).queryCommand,
      },
      {
        path: 'hub export',
        summary: 'Write the devices of a hub to a file',
        load: async () => (await import('./hub/export.ts')).hubExportCommand,
      },
      {
        path: 'hub import',
        summary: 'Make or change the devices that a file holds',
        load: async () => (await import('./hub/import.ts')).hubImportCommand,
      },
      {
        path: 'hub configuration create',
        summary: 'Say what many devices shall become',
        load: async () => (await import('./hub/configuration-create.ts')).configurationCreateCommand,
      },
      {
        path: 'hub configuration update',
        summary: 'Change for whom a configuration is meant',
        load: async () => (await import('./hub/configuration-update.ts')).configurationUpdateCommand,
      },
      {
        path: 'hub configuration list',
        summary: 'List the configurations of a hub',
        load: async () => (await import('./hub/configuration-list.ts')).configurationListCommand,
      },
      {
        path: 'hub configuration show',
        summary: 'Print a configuration and how many devices have it',
        load: async () => (await import('./hub/configuration-show.ts')).configurationShowCommand,
      },
      {
        path: 'hub configuration delete',
        summary: 'Delete a configuration',
        load: async () => (await import('./hub/configuration-delete.ts')).configurationDeleteCommand,
      },
      {
        path: 'hub job create',
        summary: 'Change twins or call a method on many devices',
        load: async () => (await import('./hub/job-create.ts')).jobCreateCommand,
      },
      {
        path: 'hub job list',
        summary: 'List the hub’s jobs',
        load: async () => (await import('./hub/job-list.ts')).jobListCommand,
      },
      {
        path: 'hub job show',
        summary: 'Print a job and how far it is',
        load: async () => (await import('./hub/job-show.ts')).jobShowCommand,
      },
      {
        path: 'hub job cancel',
        summary: 'Cancel a job',
        load: async () => (await import('./hub/job-cancel.ts')).jobCancelCommand,
      },
      {
        path: 'hub monitor-events',
        summary: 'Print the hub’s events as they come',
        load: async () => (await import('./hub/monitor-events.ts')).monitorEventsCommand,
      },
      {
        path: 'hub monitor-feedback',
        summary: 'Print what became of messages to devices',
        load: async () => (await import('./hub/monitor-feedback.ts')).monitorFeedbackCommand,
      },
      {
        path: 'hub file list',
        summary: 'List the files that devices uploaded',
        load: async () => (await import('./hub/file-list.ts')).fileListCommand,
      },
      {
        path: 'hub file download',
        summary: 'Fetch a file that a device uploaded',
        load: async () => (await import('./hub/file-download.ts')).fileDownloadCommand,
      },
      {
        path: 'hub file delete',
        summary: 'Delete a file that a device uploaded',
        load: async () => (await import('./hub/file-delete.ts')).fileDeleteCommand,
      },
      {
        path: 'hub consumer-group create',
        summary: 'Let somebody read the hub’s events apart from others',
        load: async () => (await import('./hub/consumer-group-create.ts')).consumerGroupCreateCommand,
      },
      {
        path: 'hub consumer-group list',
        summary: 'List who reads the hub’s events apart from others',
        load: async () => (await import('./hub/consumer-group-list.ts')).consumerGroupListCommand,
      },
      {
        path: 'hub consumer-group delete',
        summary: 'Delete a consumer group',
        load: async () => (await import('./hub/consumer-group-delete.ts')).consumerGroupDeleteCommand,
      },
      {
        path: 'hub route create',
        summary: 'Take events to a destination',
        load: async () => (await import('./hub/route-create.ts')).routeCreateCommand,
      },
      {
        path: 'hub route list',
        summary: 'List the routes',
        load: async () => (await import('./hub/route-list.ts')).routeListCommand,
      },
      {
        path: 'hub route delete',
        summary: 'Delete a route',
        load: async () => (await import('./hub/route-delete.ts')).routeDeleteCommand,
      },
      {
        path: 'hub route test',
        summary: 'Try a condition out',
        load: async () => (await import('./hub/route-test.ts')).routeTestCommand,
      },
      {
        path: 'hub route fallback',
        summary: 'Say whether events gets what no route takes',
        load: async () => (await import('./hub/route-fallback.ts')).routeFallbackCommand,
      },
      {
        path: 'hub route dead-letters',
        summary: 'List events that a destination would not take',
        load: async () => (await import('./hub/route-dead-letters.ts')).routeDeadLettersCommand,
      },
      {
        path: 'hub route replay',
        summary: 'Send a destination again what it would not take',
        load: async () => (await import('./hub/route-replay.ts')).routeReplayCommand,
      },
      {
        path: 'hub destination create',
        summary: 'Add a webhook, a broker or files for events to go to',
        load: async () => (await import('./hub/destination-create.ts')).destinationCreateCommand,
      },
      {
        path: 'hub destination list',
        summary: 'List the destinations and their health',
        load: async () => (await import('./hub/destination-list.ts')).destinationListCommand,
      },
      {
        path: 'hub destination delete',
        summary: 'Delete a destination',
        load: async () => (await import('./hub/destination-delete.ts')).destinationDeleteCommand,
      },
      {
        path: 'hub enrichment set',
        summary: 'Add a property to events on their way',
        load: async () => (await import('./hub/enrichment-set.ts')).enrichmentSetCommand,
      },
      {
        path: 'hub enrichment list',
        summary: 'List what is added to events',
        load: async () => (await import('./hub/enrichment-list.ts')).enrichmentListCommand,
      },
      {
        path: 'hub enrichment delete',
        summary: 'Add a property no more',
        load: async () => (await import('./hub/enrichment-delete.ts')).enrichmentDeleteCommand,
      },
      {
        path: 'hub certificate upload',
        summary: 'Upload a CA certificate to the hub',
        load: async () => (await import('./hub/certificate-upload.ts')).certificateUploadCommand,
      },
      {
        path: 'hub certificate code',
        summary: 'Get a code for the proof of possession',
        load: async () => (await import('./hub/certificate-code.ts')).certificateCodeCommand,
      },
      {
        path: 'hub certificate verify',
        summary: 'Verify a CA certificate with its proof',
        load: async () => (await import('./hub/certificate-verify.ts')).certificateVerifyCommand,
      },
      {
        path: 'hub certificate list',
        summary: 'List the hub’s CA certificates',
        load: async () => (await import('./hub/certificate-list.ts')).certificateListCommand,
      },
      {
        path: 'faults add',
        summary: 'Let something go wrong with devices, on purpose',
        load: async () => (await import('./faults/add.ts')).faultsAddCommand,
      },
      {
        path: 'faults list',
        summary: 'List what goes wrong on purpose',
        load: async () => (await import('./faults/list.ts')).faultsListCommand,
      },
      {
        path: 'faults remove',
        summary: 'End one fault',
        load: async () => (await import('./faults/remove.ts')).faultsRemoveCommand,
      },
      {
        path: 'faults clear',
        summary: 'End every fault',
        load: async () => (await import('./faults/clear.ts')).faultsClearCommand,
      },
      {
        path: 'sphere device suspend',
        summary: 'Take a Sphere device’s trust away for a while',
        load: async () => (await import('./sphere/device-suspend.ts')).deviceSuspendCommand,
      },
      {
        path: 'sphere device resume',
        summary: 'Give a suspended Sphere device its trust back',
        load: async () => (await import('./sphere/device-resume.ts')).deviceResumeCommand,
      },
      {
        path: 'sphere device revoke',
        summary: 'Take a Sphere device’s trust away for good',
        load: async () => (await import('./sphere/device-revoke.ts')).deviceRevokeCommand,
      },
      {
        path: 'sphere ca-certificate list',
        summary: 'List a tenant’s CA certificates and who lacks the next one',
        load: async () => (await import('./sphere/ca-certificate-list.ts')).caCertificateListCommand,
      },
      {
        path: 'sphere ca-certificate activate',
        summary: 'Let the tenant’s next CA certificate take over',
        load: async () => (await import('./sphere/ca-certificate-activate.ts')).caCertificateActivateCommand,
      },
      {
        path: 'sphere ca-certificate revoke',
        summary: 'Revoke a tenant’s CA certificate and all below it',
        load: async () => (await import('./sphere/ca-certificate-revoke.ts')).caCertificateRevokeCommand,
      },
    ],
  };
}
