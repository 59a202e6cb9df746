import { join } from 'node:path';
import { isJsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import { Problem } from '#base/problem.ts';
import { nodeFileSystem } from '#storage/file-system.ts';
import { Bridge, type BridgeOptions } from '../bridge/bridge.ts';
import { BridgeReport, type BridgeReportOptions } from '../bridge/bridge-report.ts';
import { bridgeTopics } from '../bridge/bridge-topics.ts';
import type { LocalMessage } from '../broker/local-message.ts';
import { Outbox, type OutboxOptions } from '../outbox/outbox.ts';
import type { HubFinder } from '../registration/hub-finder.ts';
import { directoryOf, listChildren } from './child-directories.ts';
import { type ChildrenRule, childNameRule, childrenLevel, isChildName } from './child-name.ts';
import { childOutboxBytesMax, childrenMax } from './limits.ts';

export type ChildBridgesOptions = Pick<BridgeOptions, 'settings' | 'reach' | 'publish'> &
  Pick<BridgeReportOptions, 'topicRoot' | 'mainTopicId' | 'pid'> & {
    readonly rule: ChildrenRule;
    /** Of the main device. */
    readonly hub: HubFinder;
    readonly report: Pick<BridgeReport, 'childRefused'>;
    /** Where each child's outbox lies. */
    readonly directory: string;
    readonly outboxLimits?: Pick<OutboxOptions, 'bytesMax' | 'countMax'>;
  };

type Child = { readonly bridge: Bridge; readonly report: BridgeReport; readonly outbox: Outbox };

/** How much of a stranger's name is echoed. */
const echoedMax = 80;

/**
 * A bridge for each child device that stands at the hub by itself: a connection, an outbox and topics of its own, `az/children/<child>/…`, in
 * the grammar of the main device's. It begins when the child is registered or first says something, and after a restart with its outbox.
 */
export class ChildBridges {
  readonly #platform: Platform;
  readonly #options: ChildBridgesOptions;
  readonly #children = new Map<string, Promise<Child>>();
  #isStopped = false;

  constructor(platform: Platform, options: ChildBridgesOptions) {
    this.#platform = platform;
    this.#options = options;
  }

  /** Filters at a local broker that is not ours. */
  get localFilters(): readonly string[] {
    return [...bridgeTopics(this.#prefixOf('+'), '').outboundFilters, `${this.#options.topicRoot}/device/+//`];
  }

  /** Goes on with the children of the last run. */
  async start(): Promise<void> {
    for (const child of await listChildren(this.#options.directory)) this.#greet(child);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { report } of await this.#running()) report.stop();
    await Promise.all((await this.#running()).map(({ bridge }) => bridge.stop()));
  }

  /** Once nobody says anything any more. */
  async close(): Promise<void> {
    await Promise.all((await this.#running()).map(({ outbox }) => outbox.close()));
  }

  /** Takes what a local client published, as the main device's bridge does. */
  accept(message: LocalMessage): Promise<void> | undefined {
    const registered = this.#registered(message);
    if (registered !== undefined) this.#greet(registered);
    const start = this.#prefixOf('');
    if (!message.topic.startsWith(start)) return undefined;
    const [child = ''] = message.topic.slice(start.length).split('/', 1);
    // What the hub says to a child comes back to us from a broker that is not ours.
    if (!bridgeTopics(this.#prefixOf(child), '').outbound(message.topic)) return undefined;
    // Always by the promise, also when it is there: so messages keep their order.
    return this.#open(child)?.then(({ bridge }) => bridge.accept(message));
  }

  /** A child may be registered long before it says something. */
  #registered({ topic, payload }: LocalMessage): string | undefined {
    const { topicRoot, mainTopicId } = this.#options;
    if (!topic.startsWith(`${topicRoot}/device/`) || topic === `${topicRoot}/${mainTopicId}`) return undefined;
    const [child = '', ...rest] = topic.slice(`${topicRoot}/device/`.length).split('/');
    if (rest.length !== 2 || rest.some((level) => level !== '')) return undefined;
    try {
      const entity = parseJson(payload);
      return isJsonObject(entity) && entity['@type'] === 'child-device' ? child : undefined;
    } catch {
      return undefined;
    }
  }

  #greet(child: string): void {
    this.#open(child)?.catch(() => {});
  }

  /** undefined, and told, for a child that cannot be. Rejects while its outbox cannot be opened: who said something says it again. */
  #open(child: string): Promise<Child> | undefined {
    const known = this.#children.get(child);
    if (known) return known;
    const { report } = this.#options;
    const name = printable(child, echoedMax);
    if (!isChildName(child)) {
      report.childRefused(`The child device '${name}' cannot have its name at the hub: ${childNameRule}.`);
      return undefined;
    }
    if (this.#children.size >= childrenMax) {
      report.childRefused(
        `The child device '${name}' has no connection to the hub: ${childrenMax} others have one, and there are no more.`,
      );
      return undefined;
    }
    const opening = this.#begin(child);
    this.#children.set(child, opening);
    opening.catch((error: unknown) => {
      this.#children.delete(child);
      this.#platform.log.error('children.open-failed', { child, error: String(error) });
    });
    return opening;
  }

  async #begin(child: string): Promise<Child> {
    const { settings, reach, publish, topicRoot, pid, directory, outboxLimits } = this.#options;
    if (this.#isStopped) throw new Problem('unavailable', 'The bridge has stopped.');
    const outbox = await Outbox.open(this.#platform, {
      bytesMax: childOutboxBytesMax,
      ...outboxLimits,
      directory: join(directory, directoryOf(child)),
      files: nodeFileSystem,
    });
    const mainTopicId = `device/${child}//`;
    const report = new BridgeReport(this.#platform, {
      ...{ outbox, publish, topicRoot, mainTopicId, pid, child },
      prefix: settings.prefix,
    });
    const identity = this.#identityOf(child, settings.deviceId);
    const bridge = new Bridge(this.#platform, {
      // What the main device is a model of, its child is not.
      settings: { ...settings, ...identity, prefix: this.#prefixOf(child), modelId: undefined },
      ...{ reach, outbox, publish, report },
      hub: this.#hubOf(child),
      onConnected: () => {},
    });
    // It may have been stopped meanwhile: then it only has an outbox, which is closed.
    if (!this.#isStopped) {
      report.start();
      bridge.start();
    }
    return { bridge, report, outbox };
  }

  #identityOf(child: string, deviceId: string): { deviceId: string; moduleId?: string } {
    const { kind, idPrefix } = this.#options.rule;
    return kind === 'module' ? { deviceId, moduleId: idPrefix + child } : { deviceId: idPrefix + child };
  }

  /** The main device's hub, by its credential. Whether that lets a child in says nothing of the hub. */
  #hubOf(child: string): HubFinder {
    return {
      find: async (signal) => {
        const main = await this.#options.hub.find(signal);
        const identity = this.#identityOf(child, main.deviceId);
        if (identity.deviceId === main.deviceId && identity.moduleId === undefined) {
          throw new Problem(
            'conflict',
            `Its id at the hub would be ${main.deviceId}, which is the main device's.\nRun 'tedge config set az.children_prefix PREFIX'.`,
          );
        }
        return { ...main, ...identity };
      },
      reached() {},
      missed() {},
    };
  }

  #prefixOf(child: string): string {
    return `${this.#options.settings.prefix}/${childrenLevel}/${child}`;
  }

  async #running(): Promise<Child[]> {
    const settled = await Promise.allSettled(this.#children.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}
