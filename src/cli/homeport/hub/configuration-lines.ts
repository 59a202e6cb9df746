import { isJsonObject, type JsonObject } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { OptionSpec } from '../../kit/command.ts';

export const configurationIdOption: OptionSpec = {
  name: 'config-id',
  short: 'c',
  value: 'ID',
  isRequired: true,
  summary: 'The configuration’s id, in lower case',
};

export function configurationPath(id: string): string {
  return `/configurations/${encodeURIComponent(id)}`;
}

/** Counts by name, those of the system before the owner's. */
export function countsOf({ systemMetrics, metrics }: JsonObject): [name: string, count: string][] {
  return [systemMetrics, metrics].flatMap((part) => {
    const results = isJsonObject(part) && isJsonObject(part.results) ? part.results : {};
    return Object.entries(results).map(([name, count]): [string, string] => [name, String(count)]);
  });
}

/** `device`, `module` or `modules of edge devices`. */
export function kindOf({ content }: JsonObject): string {
  if (!isJsonObject(content)) return '';
  if ('modulesContent' in content) return 'modules of edge devices';
  return 'moduleContent' in content ? 'module' : 'device';
}

/** A configuration for a person. */
export function configurationLines(configuration: JsonObject): string[] {
  const { id, targetCondition, priority, createdTimeUtc, lastUpdatedTimeUtc, content } = configuration;
  return [
    `Configuration  ${id}`,
    `For            ${kindOf(configuration)}: ${targetCondition === '' ? 'nobody' : printable(String(targetCondition), 10_000)}`,
    `Priority       ${priority}`,
    `Content        ${printable(JSON.stringify(content), 10_000)}`,
    `Created        ${createdTimeUtc}`,
    `Changed        ${lastUpdatedTimeUtc}`,
    ...countsOf(configuration).map(([name, count]) => `${printable(name).padEnd(14)} ${count}`),
  ];
}
