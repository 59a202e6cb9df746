/** The one-time code of a sign-in link, which stands behind its `#`, bare or as `code=…`; or the code typed on its own. */
export function readSignInCode(text: string): string | undefined {
  const trimmed = text.trim();
  const fragment = trimmed.slice(trimmed.indexOf('#') + 1);
  const code = fragment.replace(/^code=/, '');
  return /^[\w.~+/=-]{1,128}$/.test(code) && !/^\w+=./.test(code) && !code.includes('//') ? code : undefined;
}
