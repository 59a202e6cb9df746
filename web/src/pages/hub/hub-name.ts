/** The cloud's rule for the name of a hub: it becomes part of a host name. */
const namePattern = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/i;

/** What keeps `name` from being the name of a new hub, in words that say what to do. */
export function hubNameProblem(name: string, taken: readonly string[]): string | undefined {
  if (name === '') return 'Enter a name.';
  if (name.length < 3) return 'Enter at least 3 characters.';
  if (name.length > 50) return 'Enter at most 50 characters.';
  if (/[^a-z0-9-]/i.test(name)) return 'Use only letters, digits and hyphens.';
  if (!namePattern.test(name)) return 'Begin and end with a letter or a digit.';
  if (taken.includes(name.toLowerCase())) return `There is a hub ${name.toLowerCase()} already. Choose another name.`;
  return undefined;
}
