import type { JsonObject } from '#base/json.ts';

export function isFinalState({ status }: JsonObject): boolean {
  return status === 'successful' || status === 'failed';
}

/** How IoT Plug and Play acknowledges a writable property: 202 while it is under way. */
export function progress(id: string, state: JsonObject): JsonObject {
  const { status, reason } = state;
  const code = status === 'successful' ? 200 : status === 'failed' ? 500 : 202;
  return { value: { id, ...state }, ac: code, ad: typeof reason === 'string' && code === 500 ? reason : String(status) };
}

/** What was asked for does not become a command. In the value as well, for who is shown nothing else. */
export function refusal(id: string | undefined, code: number, why: string): JsonObject {
  return { value: { ...(id === undefined ? {} : { id }), status: 'refused', reason: why }, ac: code, ad: why };
}
