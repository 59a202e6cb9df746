import type { Instant } from '#base/instant.ts';
import type { ServiceRight } from '#trust/access-policy.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import { type Refused, refuse, type Verdict } from '#trust/verdict.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';

type Held = { readonly text: string; readonly caller: ServiceCaller };

/** Event Hubs clients put one for every partition that they read, and one for `$management`. */
const heldMax = 256;

/**
 * Tokens of access policies on one connection (hub-service-protocol.md 7.1): each says itself how far it reaches, and
 * one is enough for many links. They count until they expire.
 */
export class AmqpPolicyTokens {
  readonly #authenticate: (token: string, path: string) => Promise<Verdict<ServiceCaller>>;
  readonly #held = new Map<string, Held>();
  /** One was added. */
  onHeld: () => void = () => {};

  constructor(authenticate: (token: string, path: string) => Promise<Verdict<ServiceCaller>>) {
    this.#authenticate = authenticate;
  }

  /** For a device without a token of its own. */
  get forDevices(): string | undefined {
    const newest = [...this.#held.values()].reverse();
    return (newest.find(({ caller }) => caller.rights.has('DeviceConnect')) ?? newest[0])?.text;
  }

  get firstExpiry(): Instant | undefined {
    const [first] = [...this.#held.values()].map(({ caller }) => caller.expiresAt).sort((a, b) => a - b);
    return first;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Judges a token by its own scope; what it may do with a link shows there. */
  check(token: string): Promise<Verdict<ServiceCaller>> {
    const resource = (parseSasToken(token)?.resource ?? '').replace(/^[a-z]+:\/\//i, '');
    const slash = resource.indexOf('/');
    return this.#authenticate(token, slash < 0 ? '' : resource.slice(slash));
  }

  /** In place of one with the same scope, which it renews; false when there is no room. */
  hold(text: string, caller: ServiceCaller): boolean {
    const key = `${caller.policyName} ${parseSasToken(text)?.resource}`;
    if (this.#held.size >= heldMax && !this.#held.has(key)) return false;
    this.#held.delete(key);
    this.#held.set(key, { text, caller });
    this.onHeld();
    return true;
  }

  expire(now: Instant): void {
    for (const [key, { caller }] of this.#held) if (caller.expiresAt <= now) this.#held.delete(key);
  }

  /** Who may do what needs `right` at one of `paths`, by the newest token that reaches so far. */
  async find(paths: readonly string[], right: ServiceRight): Promise<Verdict<ServiceCaller>> {
    let refused: Refused = refuse('token-missing', 'No token was put for the link before it was attached.', {
      fix: 'Put a token in $cbs first; SDKs do so when they are given a connection string.',
    });
    for (const { text } of [...this.#held.values()].reverse()) {
      for (const path of paths) {
        const verdict = await this.#authenticate(text, path);
        if (!verdict.accepted) {
          refused = verdict;
          continue;
        }
        if (verdict.value.rights.has(right)) return verdict;
        const detail = `The access policy ${verdict.value.policyName} does not grant ${right}.`;
        refused = refuse('policy-right-missing', detail, { trace: verdict.trace });
      }
    }
    return refused;
  }
}
