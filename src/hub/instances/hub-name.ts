import { Problem } from '#base/problem.ts';

/** Azure's rule. It is a label of a host name, which has at most 63 characters. */
const namePattern = /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/i;

/** The name as it is kept: host names know no letter case, so neither do hubs. Throws Problem `argument-invalid`. */
export function parseHubName(text: string): string {
  if (namePattern.test(text)) return text.toLowerCase();
  throw new Problem(
    'argument-invalid',
    'A hub’s name has 3 to 50 characters: letters, digits and hyphens, with no hyphen at either end.',
    { reason: 'InvalidHubName' },
  );
}
