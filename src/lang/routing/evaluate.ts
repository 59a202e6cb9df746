import { type Json, type JsonObject, parseJson } from '#base/json.ts';
import { evaluate, type Scope, walk } from '../evaluate.ts';
import type { Path, Value } from '../expression.ts';
import type { Condition } from './parse.ts';

/** A message as conditions see it. */
export type RoutedMessage = {
  /** By the names that readers of events know: `content-type`, `iothub-connection-device-id`… */
  readonly system: Readonly<Record<string, string>>;
  readonly application: Readonly<Record<string, string | null>>;
  readonly body: Uint8Array;
};

/** Depth of a body that conditions look into; one that nests deeper is none for them. */
const bodyDepthMax = 32;

const encodings: ReadonlyMap<string, string> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['utf-16', 'utf-16le'],
  ['utf-16le', 'utf-16le'],
  ['utf-16be', 'utf-16be'],
]);

/** Whether a message satisfies `condition`. `twin` is the sender's, and counts only where the condition needs it. */
export function evaluateCondition(condition: Condition, message: RoutedMessage, twin?: JsonObject): boolean {
  return isMet(
    condition,
    conditionScope(message, () => twin),
  );
}

/** For several conditions on one message. */
export function isMet({ expression }: Condition, scope: Scope): boolean {
  return evaluate(expression, scope) === true;
}

/** A message as far as conditions ask for it, read once for all of them. */
export function conditionScope(message: RoutedMessage, twin: () => JsonObject | undefined): Scope {
  let application: Map<string, string> | undefined;
  let body: { readonly read: Json | undefined } | undefined;
  return {
    value(path: Path): Value {
      const [root, name = ''] = path;
      switch (root) {
        case '$application':
          application ??= foldNames(message.application);
          return application.get(String(name));
        case '$system':
          return Object.hasOwn(message.system, name) ? message.system[name] : undefined;
        case '$body':
          body ??= { read: readRoutedBody(message) };
          return walk(body.read, path.slice(1));
        default:
          return walk(twin(), path.slice(1));
      }
    },
  };
}

/**
 * The body as conditions may look into it: JSON that says of itself that it is, in an encoding of Unicode. Anything else is
 * undefined, and so is a list at the top: its members cannot be named.
 */
export function readRoutedBody({ system, body }: Pick<RoutedMessage, 'system' | 'body'>): Json | undefined {
  const [type = ''] = (system['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() !== 'application/json') return undefined;
  const text = decodeBody(body, (system['content-encoding'] ?? '').trim().toLowerCase());
  if (text === undefined) return undefined;
  try {
    const value = parseJson(text, { bytesMax: 4 * body.byteLength + 1, depthMax: bodyDepthMax });
    return Array.isArray(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function decodeBody(body: Uint8Array, encoding: string): string | undefined {
  if (/^utf-?32(?:le|be)?$/.test(encoding)) return decodeUtf32(body, encoding.endsWith('be'));
  const label = encodings.get(encoding);
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** No decoder of the platform reads it. A byte-order mark at its beginning says which end comes first. */
function decodeUtf32(body: Uint8Array, isBigEndian: boolean): string | undefined {
  if (body.byteLength % 4 !== 0) return undefined;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const isMarkedBig = body.byteLength >= 4 && view.getUint32(0) === 0xfeff;
  const isLittle = !isMarkedBig && !isBigEndian;
  let text = '';
  for (let at = 0; at < body.byteLength; at += 4) {
    const point = view.getUint32(at, isLittle);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    if (at > 0 || point !== 0xfeff) text += String.fromCodePoint(point);
  }
  return text;
}

/** Names know no case; where two differ in nothing else, the last counts. A name without a value is an empty text. */
function foldNames(application: RoutedMessage['application']): Map<string, string> {
  return new Map(Object.entries(application).map(([name, value]) => [name.toLowerCase(), value ?? '']));
}
