import { type BridgeSettings, loadBridgeSettings } from '#edge/bridge/bridge-settings.ts';
import type { ModeWorld } from '#edge/connect/choose-mode.ts';
import type { ConnectOutcome } from '#edge/connect/connect.ts';
import type { ConnectionMode } from '#edge/connect/connection-mode.ts';
import { openTranscript } from '#edge/connect/transcript.ts';
import type { Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { cloudOf, logLevelOf, openSettings } from '../tedge-command.ts';
import { attempt } from '../tedge-failure.ts';

/** What later generations end with: connected, and a renewed certificate was not adopted (thin-edge.md 2). */
const notAdopted = 3;

export const cloudRequired = { name: 'CLOUD', isRequired: true, summary: 'az' } as const;

export type ConnectionWorld = ModeWorld & {
  readonly transcript: ReturnType<typeof openTranscript>;
  /** Where local programs find the broker. */
  readonly broker: { readonly host: string; readonly port: number };
};

/** What connect and its relatives work on: the settings, how we are started again, and where the steps are told. */
export async function openConnectionWorld(invocation: Invocation): Promise<ConnectionWorld> {
  const { options, positionals, terminal } = invocation;
  cloudOf(positionals[0]);
  const level = options.text('log-level');
  logLevelOf(invocation);
  const settings = await openSettings(invocation);
  const host = settings.text('mqtt.client.host');
  return {
    settings,
    broker: { host, port: Number(settings.load('mqtt.client.port')) },
    transcript: openTranscript((line) => terminal.print(line)),
    runCommand: (component) => [
      ...[...terminal.program, 'run', component, 'az', '--background', '--config-dir', settings.directory],
      ...(level === undefined ? [] : ['--log-level', level]),
    ],
  };
}

/** The settings of the bridge, found wrong before anything is told or changed. */
export function requireBridge({ settings }: ConnectionWorld): Promise<BridgeSettings> {
  return attempt('connect to az', () => loadBridgeSettings(settings));
}

/** Says what became of it; anything but a bridge that was seen to work, or was not to be looked at, ends the command with a failure. */
export async function concludeConnect(
  { terminal }: Pick<Invocation, 'terminal'>,
  { mode, bridge }: { readonly mode: ConnectionMode; readonly bridge: BridgeSettings },
  { check, renewal }: ConnectOutcome,
): Promise<void> {
  if (renewal === 'adopted') terminal.complain('The renewed certificate is the device’s certificate now.');
  if (check === 'failed') throw await checkFailure(mode, bridge);
  if (renewal === 'adopted' || renewal === 'none') return;
  throw new CommandFailure(notAdopted, 'failed to adopt the renewed certificate; the device is connected with the one before', {
    why: renewal.message,
    cause: renewal,
  });
}

/** The hub did not answer, with what the bridge's log says of it. */
export async function checkFailure(
  mode: ConnectionMode,
  { credential }: Pick<BridgeSettings, 'credential'>,
): Promise<CommandFailure> {
  const stopped = await mode.stopped();
  if (stopped !== undefined) {
    return new CommandFailure('failed', 'failed to verify the connection to az', {
      why: `${stopped} does not run.`,
      fix: "Run 'tedge reconnect az' to start it.",
    });
  }
  const why = (await mode.explain()) ?? 'The hub did not answer within 10 seconds.';
  const isUnknown = /\(code 5\)|^Connection Refused: not authorised/.test(why);
  return new CommandFailure('failed', 'failed to verify the connection to az', {
    why,
    fix: [
      ...(isUnknown && credential.kind === 'certificate' ? ["Register the thumbprint that 'tedge cert show' prints."] : []),
      "The bridge goes on trying: 'tedge connect az --test' checks again. Settings that you change hold after 'tedge reconnect az'.",
    ].join(' '),
  });
}
