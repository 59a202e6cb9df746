import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Lifecycle } from '#base/lifecycle.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { takeFileLock } from '#storage/file-lock.ts';
import { nodeFileSystem } from '#storage/file-system.ts';
import type { Agent } from '../agent/agent.ts';
import { type AgentWorld, buildAgent } from '../agent/build-agent.ts';
import { Bridge } from '../bridge/bridge.ts';
import { BridgeReport } from '../bridge/bridge-report.ts';
import { loadBridgeSettings } from '../bridge/bridge-settings.ts';
import { answersMqtt } from '../broker/await-broker.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { ExternalBroker } from '../broker/external-broker.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import { CertificateWatch } from '../certificate/certificate-watch.ts';
import { ChildBridges } from '../children/child-bridges.ts';
import { childrenLevel } from '../children/child-name.ts';
import { fileProblem } from '../host/file-problem.ts';
import { Outbox, type OutboxOptions } from '../outbox/outbox.ts';
import { KnownTime } from '../reach/known-time.ts';
import { loadReach } from '../reach/reach.ts';
import { openHubFinder } from '../registration/hub-finder.ts';
import { parseDuration } from '../settings/duration.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { startMapper } from './start-mapper.ts';

export type EdgeOptions = {
  readonly pid: number;
  /** Where the agent finds by what it knows that the machine was started anew. */
  readonly bootIdPath?: string;
  /** Other limits than the outbox's own. */
  readonly outboxLimits?: Pick<OutboxOptions, 'bytesMax' | 'countMax'>;
};

export type RunningEdge = {
  /** Whether the local broker is our own, or one that was there. */
  readonly broker: 'own' | 'external';
  /** Where local clients find it. */
  readonly address: string;
  stop(): Promise<void>;
};

/**
 * Runs what one configuration directory describes: the local broker, unless one answers already, the outbox, the
 * bridge to the hub, the mapper and the agent. Throws Problem for settings and files that do not let it start; a hub that is away is no reason.
 */
export async function startEdge(platform: Platform, settings: TedgeSettings, options: EdgeOptions): Promise<RunningEdge> {
  const lifecycle = new Lifecycle(platform);
  try {
    return await start(platform, settings, options, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function start(
  platform: Platform,
  settings: TedgeSettings,
  { pid, bootIdPath, outboxLimits }: EdgeOptions,
  lifecycle: Lifecycle,
): Promise<RunningEdge> {
  const bridgeSettings = await loadBridgeSettings(settings);
  const { host, port, deviceId, credential, dps, httpsPort } = bridgeSettings;
  const directory = join(settings.path('data.path'), 'outbox');
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileProblem(error, directory);
  });
  const unlock = takeFileLock(join(directory, 'lock'));
  if (!unlock) throw new Problem('conflict', `Another tedge runs on ${directory}.`);
  await lifecycle.start({ name: 'lock', stop: async () => unlock() });
  const outbox = await Outbox.open(platform, { ...outboxLimits, directory, files: nodeFileSystem });
  await lifecycle.start({ name: 'outbox', stop: () => outbox.close() });

  const data = settings.path('data.path');
  const time = await KnownTime.open(platform, data);
  await lifecycle.start({ name: 'time', start: async () => time.start(), stop: () => time.stop() });
  const reach = loadReach(settings, time);
  let publish: (message: LocalMessage) => Promise<void> = () => Promise.resolve();
  const report = new BridgeReport(platform, {
    outbox,
    publish: (message) => publish(message),
    topicRoot: settings.text('mqtt.topic_root'),
    mainTopicId: settings.text('mqtt.device_topic_id'),
    prefix: bridgeSettings.prefix,
    pid,
  });
  const soonMs = parseDuration(settings.text('certificate.validity.minimum_duration')) ?? 0;
  const watch = new CertificateWatch(platform, { place: credential, time, report, soonMs });
  const hub = openHubFinder(platform, {
    reach,
    credential,
    httpsPort,
    hub: dps ? { dps, directory: data } : { host, port, deviceId },
  });
  const bridge = new Bridge(platform, {
    settings: bridgeSettings,
    reach,
    hub,
    outbox,
    publish: (message) => publish(message),
    report,
    onConnected: () => void watch.look(),
  });
  const { children: rule } = bridgeSettings;
  const children =
    rule &&
    new ChildBridges(platform, {
      ...{ rule, settings: bridgeSettings, reach, hub, report, pid },
      publish: (message) => publish(message),
      topicRoot: settings.text('mqtt.topic_root'),
      mainTopicId: settings.text('mqtt.device_topic_id'),
      directory: join(directory, childrenLevel),
      ...(outboxLimits ? { outboxLimits } : {}),
    });
  if (children) await lifecycle.start({ name: 'outboxes of children', stop: () => children.close() });
  const intercept = (message: LocalMessage) => bridge.accept(message) ?? children?.accept(message);
  const client = { host: settings.text('mqtt.client.host'), port: Number(settings.load('mqtt.client.port')) };
  const isExternal = await answersMqtt(platform, client);
  if (isExternal) {
    const broker = new ExternalBroker(platform, {
      ...client,
      clientId: `tedge-mapper-bridge-${bridgeSettings.prefix}`,
      filters: [...bridge.localFilters, ...(children?.localFilters ?? [])],
      will: { topic: report.topic, payload: Buffer.from(JSON.stringify({ pid, status: 'down' })), qos: 1, retain: true },
      intercept,
      onOversize: ({ topic, payloadBytes }) => report.tooLarge(topic, payloadBytes, bridgeSettings.payloadBytesMax),
    });
    publish = (message) => broker.publish(message);
    await lifecycle.start({ name: 'broker', start: async () => broker.start(), stop: () => broker.close() });
  } else {
    const broker = await openEmbeddedBroker(platform, {
      address: settings.text('mqtt.bind.address'),
      port: Number(settings.load('mqtt.bind.port')),
      intercept,
    });
    publish = (message) => broker.publish(message);
    await lifecycle.start({ name: 'broker', stop: () => broker.close() });
  }
  await lifecycle.start({ name: 'report', start: async () => report.start(), stop: async () => report.stop() });
  await lifecycle.start({ name: 'certificate', start: async () => void watch.start(), stop: async () => watch.stop() });
  await lifecycle.start({ name: 'bridge', start: async () => bridge.start(), stop: () => bridge.stop() });
  if (children) await lifecycle.start({ name: 'children', start: () => children.start(), stop: () => children.stop() });
  const mapper = await startMapper(platform, settings, pid);
  await lifecycle.start({ name: 'mapper', stop: () => mapper.stop() });
  const agent = await loadAgent(platform, settings, { pid, ...(bootIdPath === undefined ? {} : { bootIdPath }) });
  if (agent) await lifecycle.start({ name: 'agent', start: () => agent.start(), stop: () => agent.stop() });
  return {
    broker: isExternal ? 'external' : 'own',
    address: isExternal
      ? `${client.host}:${client.port}`
      : `${settings.text('mqtt.bind.address')}:${Number(settings.load('mqtt.bind.port'))}`,
    stop: () => lifecycle.stop(),
  };
}

/** An agent that runs by itself, as `tedge run tedge-agent`, is left to it. */
async function loadAgent(platform: Platform, settings: TedgeSettings, world: AgentWorld): Promise<Agent | undefined> {
  try {
    return await buildAgent(platform, settings, world);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'conflict')) throw error;
    platform.log.warn('agent.elsewhere', { detail: error.message });
    return undefined;
  }
}
