/**
 * A thumbprint as people paste it (colons, spaces, either case) in the form we compare: lower-case
 * hex of SHA-1 or SHA-256. Undefined for anything else, and for the all-zero text with which tools
 * fill a slot that holds nothing.
 */
export function normalizeThumbprint(text: string): string | undefined {
  const hex = text.replace(/[:\s]/g, '').toLowerCase();
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(hex) && /[^0]/.test(hex) ? hex : undefined;
}
