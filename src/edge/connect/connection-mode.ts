import type { ServiceManager } from '../services/service-manager.ts';
import type { Tell } from './transcript.ts';

/**
 * A way of bridging the local broker and the hub, as connect and disconnect see it: our own (built-in-mode.ts) or Mosquitto's. What is
 * common, such as the settings, the certificates and the check, is not asked of it.
 */
export type ConnectionMode = {
  /** That it exists is the state *connected* (thin-edge.md 4); `save` writes it, `undo` and `disconnect` remove it. */
  readonly bridgeFile: string;
  /** Its name stands in the first line of what connect prints. */
  readonly manager: ServiceManager;
  /** Looks at what this mode alone needs, changes nothing. Throws Problem. */
  validate(): Promise<void>;
  /** Writes its files. */
  save(): Promise<void>;
  /** (Re)starts what has to run, telling each step; resolves when the local broker answers. Throws Problem. */
  start(tell: Tell): Promise<void>;
  /** Takes back what `save` wrote, after `start` failed, and what of `start` is still running for nothing. */
  undo(): Promise<void>;
  /** Removes the files and stops what ran, telling each step behind the first; what failed may be done again. Throws Problem. */
  disconnect(tell: Tell): Promise<void>;
  /** The service that bridges, when it does not run. */
  stopped(): Promise<string | undefined>;
  /** What the bridge's log says of why the hub cannot be reached, for a failed check. */
  explain(): Promise<string | undefined>;
};
