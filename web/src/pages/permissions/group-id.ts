/** A group id made of its name: lower case, digits and hyphens, and not one of `taken`. */
export function groupIdFrom(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
  const base = plain === '' ? 'group' : plain;
  const used = new Set(taken.map((id) => id.toLowerCase()));
  let candidate = base;
  for (let number = 2; used.has(candidate); number++) candidate = `${base}-${number}`;
  return candidate;
}
