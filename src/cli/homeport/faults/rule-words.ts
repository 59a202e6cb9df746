import { isJsonObject, type JsonObject } from '#base/json.ts';

/** What a rule does, for people. */
export function effectWords({ effect }: JsonObject): string {
  if (!isJsonObject(effect)) return '';
  const { kind, ms, everyMs } = effect;
  if (kind === 'latency') return `latency ${String(ms)} ms`;
  return kind === 'kill' ? `kill every ${Number(everyMs) / 1000} s` : String(kind);
}

export function targetWords({ target }: JsonObject): string {
  if (!isJsonObject(target)) return '';
  const { kind, deviceId, moduleId, percent } = target;
  if (kind === 'percentage') return `${String(percent)} % of the devices`;
  if (kind !== 'device') return 'every device';
  return moduleId === undefined ? String(deviceId) : `${String(deviceId)}/${String(moduleId)}`;
}

export function ruleSentence(rule: JsonObject): string {
  const protocol = rule.protocol === undefined ? '' : ` over ${String(rule.protocol)}`;
  const until = rule.endsAt === undefined ? 'until it is removed or the server stops' : `until ${String(rule.endsAt)}`;
  return `${effectWords(rule)} for ${targetWords(rule)}${protocol}, ${until}`;
}
