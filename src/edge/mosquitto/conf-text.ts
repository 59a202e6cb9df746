import { Problem } from '#base/problem.ts';

export type ConfLine = readonly [option: string, value: string];

/**
 * Options as mosquitto.conf has them, one a line. Throws Problem `argument-invalid` for a value that a line cannot hold:
 * there is no way to quote one, and what stands behind a line break would be an option of its own.
 */
export function formatConf(comment: string, lines: readonly ConfLine[]): string {
  return [`# ${comment}`, ...lines.map(formatLine), ''].join('\n');
}

function formatLine([option, value]: ConfLine): string {
  if (value !== '' && value === value.trim() && !/\p{Cc}/u.test(value)) return `${option} ${value}`;
  throw new Problem('argument-invalid', `'${value.replace(/\p{Cc}/gu, '?')}' cannot be written as ${option} for mosquitto.`);
}
