import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** What one desired property asks for. */
export type DesiredRequest = {
  readonly operation: string;
  readonly id: string;
  /** Whatever stands beside the id. */
  readonly fields: JsonObject;
};

export type UnreadableRequest = { readonly operation: string; readonly id: string | undefined; readonly wrong: string };

/** An id becomes a level of a local topic, and comes back in the twin. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Reads the desired property of an operation: `{"id": "7", …}`. A number is an id as well, since people count. */
export function readDesired(operation: string, value: Json): DesiredRequest | UnreadableRequest {
  if (!isJsonObject(value)) return { operation, id: undefined, wrong: 'An operation is asked for by an object with an id.' };
  const { id: given, ...fields } = value;
  const id = typeof given === 'number' ? String(given) : given;
  if (typeof id !== 'string' || !idPattern.test(id)) {
    return {
      operation,
      id: undefined,
      wrong: "'id' is a text of at most 64 letters, digits, dots, colons, - and _, new for each request.",
    };
  }
  // What the agent would take for the state of a command.
  if (Object.hasOwn(fields, 'status')) return { operation, id, wrong: "A request has no 'status'." };
  return { operation, id, fields };
}
