import { parseBase64 } from '#base/bytes.ts';

export const blockListLimits = {
  blocksMax: 50_000,
  /** Before base64. */
  blockIdBytesMax: 64,
  /** Every block with the longest id, indented. */
  bytesMax: 50_000 * 128,
} as const;

const declaration = /^\ufeff?(?:<\?xml[^<>?]{0,128}\?>)?\s*<BlockList\s*(?:\/>\s*$|>)/;
const entry = /\s*<(Latest|Uncommitted|Committed)>([A-Za-z0-9+/=]{4,88})<\/\1>/y;
const end = /\s*<\/BlockList>\s*$/y;

/** The id as it was sent, if it can be one: base64 of 1 to 64 bytes. */
export function parseBlockId(text: string): string | undefined {
  const bytes = parseBase64(text);
  return bytes && bytes.length > 0 && bytes.length <= blockListLimits.blockIdBytesMax ? text : undefined;
}

/**
 * The ids in the XML of Put Block List, in order. Undefined for anything but the elements of that document: no
 * attributes, comments, entities, doctypes or processing instructions, so that there is nothing to expand or to nest.
 * So are ids of blocks that are in the blob already: we keep blobs whole.
 */
export function parseBlockList(text: string): string[] | undefined {
  const start = declaration.exec(text);
  if (!start) return undefined;
  if (/\/>\s*$/.test(start[0])) return [];
  const ids: string[] = [];
  entry.lastIndex = start[0].length;
  for (;;) {
    const at = entry.lastIndex;
    const found = entry.exec(text);
    if (!found) {
      end.lastIndex = at;
      return end.test(text) ? ids : undefined;
    }
    const [, kind, sent = ''] = found;
    const id = kind === 'Committed' ? undefined : parseBlockId(sent);
    if (id === undefined || ids.length >= blockListLimits.blocksMax) return undefined;
    ids.push(id);
  }
}
