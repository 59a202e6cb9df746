import type { Json } from '#base/json.ts';

/** JSON data as block YAML 1.2, which every YAML reader understands the same way: what looks like anything but plain text is quoted. */
export function renderYaml(value: Json): string {
  return block(value, '').join('\n');
}

function block(value: Json, indent: string): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${indent}[]`];
    return value.flatMap((item) => {
      const lines = block(item, `${indent}  `);
      return [`${indent}- ${(lines[0] ?? '').trimStart()}`, ...lines.slice(1)];
    });
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value);
    if (entries.length === 0) return [`${indent}{}`];
    return entries.flatMap(([key, item]) => {
      const name = `${indent}${scalar(key)}:`;
      if (!isNested(item)) return [`${name} ${block(item, '')[0]}`];
      return [name, ...block(item, Array.isArray(item) ? indent : `${indent}  `)];
    });
  }
  return [`${indent}${scalar(value)}`];
}

function isNested(value: Json): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length > 0;
}

/** A JSON string is a YAML double-quoted string, so quoting is JSON's. */
function scalar(value: null | boolean | number | string): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const isPlain =
    /^[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
