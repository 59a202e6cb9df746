import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { BridgeSettings } from '../bridge/bridge-settings.ts';
import type { BrokerPlace } from '../broker/await-broker.ts';
import { adoptCertificate } from '../certificate/adopt-certificate.ts';
import { isConnected } from './bridge-file.ts';
import { checkConnection } from './check-connection.ts';
import type { ConnectionMode } from './connection-mode.ts';
import type { Transcript } from './transcript.ts';
import { validateConnection } from './validate-connection.ts';

export type ConnectRequest = {
  readonly bridge: BridgeSettings;
  readonly broker: BrokerPlace;
  readonly mode: ConnectionMode;
  readonly transcript: Transcript;
  /** Configures and starts without asking whether the hub answers. */
  readonly isOffline: boolean;
};

export type ConnectOutcome = {
  readonly check: 'passed' | 'failed' | 'left-out';
  /** What became of a renewed certificate that waited: what kept it from being adopted, or that it was. */
  readonly renewal: 'none' | 'adopted' | Problem;
};

/**
 * Connects the device, step by step as the first generation tells it (thin-edge.md 3.6). Whatever fails before the bridge runs leaves the device
 * not connected, and throws Problem; a hub that does not answer leaves the bridge to go on trying.
 */
export async function connect(platform: Platform, request: ConnectRequest): Promise<ConnectOutcome> {
  const { bridge, mode, transcript } = request;
  const { tell } = transcript;
  tell(`Checking if ${mode.manager.name} is available.`);
  tell('Checking if configuration for requested bridge already exists.');
  if (await isConnected(mode.bridgeFile)) {
    throw new Problem(
      'already-exists',
      `A connection to Azure exists: ${mode.bridgeFile}.\nRun 'tedge disconnect az' first, or 'tedge reconnect az' instead.`,
    );
  }
  tell('Validating the bridge certificates.');
  await validateConnection(bridge);
  await mode.validate();
  const renewal = await adopt(bridge);
  tell('Saving configuration for requested bridge.');
  try {
    await mode.save();
    await mode.start(tell);
  } catch (error) {
    await mode.undo();
    throw error;
  }
  return { check: request.isOffline ? 'left-out' : await check(platform, request), renewal };
}

/** Asks the hub through the running bridge and tells the answer. */
export async function check(
  platform: Platform,
  { bridge, broker, transcript }: Pick<ConnectRequest, 'bridge' | 'broker' | 'transcript'>,
): Promise<'passed' | 'failed'> {
  transcript.tell('Sending packets to check connection. This may take up to 10 seconds.');
  const hasPassed = await checkConnection(platform, broker, bridge.prefix);
  transcript.end(
    hasPassed
      ? 'Received expected response message, connection check is successful.'
      : 'Warning: Bridge has been configured, but Azure connection check failed.',
  );
  return hasPassed ? 'passed' : 'failed';
}

async function adopt({ credential }: BridgeSettings): Promise<ConnectOutcome['renewal']> {
  if (credential.kind !== 'certificate') return 'none';
  const { certificatePath, keyPath } = credential;
  try {
    return (await adoptCertificate({ certificate: certificatePath, key: keyPath })) ? 'adopted' : 'none';
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}
