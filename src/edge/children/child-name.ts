import { Problem } from '#base/problem.ts';
import type { SettingName } from '../settings/setting-keys.ts';
import type { SettingValue } from '../settings/setting-value.ts';

/** How child devices stand at the hub: each is a module of the main device, or a device beside it. */
export type ChildrenRule = {
  readonly kind: 'module' | 'device';
  /** Before a child's name in its id at the hub, so that the pumps of two devices are two. */
  readonly idPrefix: string;
};

/** Below the bridge's prefix each child has topics of its own: `az/children/pump7/messages/events/`. */
export const childrenLevel = 'children';

/** What a hub takes and what can stand in topics, without `$`, which begins the names of the hub's own modules. */
const letters = "A-Za-z0-9'=(),\\-.?_*@!%:";
const namePattern = new RegExp(`^[${letters}]{1,64}$`);
const prefixPattern = new RegExp(`^[${letters}]{0,64}$`);
export const childNameRule = "it has 1 to 64 characters of A-Z a-z 0-9 and ' = ( ) , - . ? _ * @ ! % :";

/** Whether an identity at the hub can have the name that a child device has in local topics. */
export function isChildName(name: string): boolean {
  return namePattern.test(name);
}

type Settings = { load(name: SettingName): SettingValue | undefined; text(name: SettingName): string };

/** undefined where the main device speaks for its children, as thin-edge has it. Throws Problem for settings that do not fit. */
export function loadChildrenRule(settings: Settings): ChildrenRule | undefined {
  const kind = settings.text('az.children');
  if (kind !== 'module' && kind !== 'device') return undefined;
  const idPrefix = String(settings.load('az.children_prefix') ?? '');
  if (!prefixPattern.test(idPrefix)) {
    throw new Problem(
      'argument-invalid',
      "'az.children_prefix' has at most 64 characters of A-Z a-z 0-9 and ' = ( ) , - . ? _ * @ ! % :\nRun 'tedge config unset az.children_prefix'.",
    );
  }
  if (settings.load('mqtt.bridge.built_in') === false) {
    throw new Problem(
      'not-supported',
      `'az.children' is ${kind}: only our own bridge signs in for child devices, and 'mqtt.bridge.built_in' is false.`,
    );
  }
  return { kind, idPrefix };
}
