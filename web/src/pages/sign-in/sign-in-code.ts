/** The one-time code in a sign-in link, in the part behind its `#code=`, or typed on its own. */
export function readSignInCode(text: string): string | undefined {
  const trimmed = text.trim();
  const hash = trimmed.includes('#') ? trimmed.slice(trimmed.indexOf('#') + 1) : undefined;
  const code = hash === undefined ? trimmed : (new URLSearchParams(hash).get('code') ?? '');
  return /^[\w.~+/=-]{1,128}$/.test(code) ? code : undefined;
}
