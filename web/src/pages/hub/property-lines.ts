/** Reads properties as they are typed, a line each: `name=value`. Empty lines are none. */
export function readPropertyLines(text: string): { properties: [string, string][]; problem?: string } {
  const properties: [string, string][] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '') continue;
    const at = trimmed.indexOf('=');
    if (at < 1)
      return { properties: [], problem: `Write a name, an equals sign and a value: "${trimmed.slice(0, 40)}" has not.` };
    properties.push([trimmed.slice(0, at).trimEnd(), trimmed.slice(at + 1).trimStart()]);
  }
  return { properties };
}
