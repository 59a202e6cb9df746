import type { GriffelRenderer } from '@fluentui/react-components';

/** Later buckets win over earlier ones, as Griffel's own renderer orders its style elements. */
const bucketOrder = ['r', 'd', 'l', 'v', 'w', 'f', 'i', 'h', 'a', 's', 'k', 't', 'm', 'c', 'x'];

type Entry = { order: number; condition: string; priority: number; sheet: CSSStyleSheet };
type Metadata = { m?: unknown; x?: unknown; p?: unknown };

/**
 * A Griffel renderer that writes into constructed style sheets. Griffel's own makes `<style>`
 * elements, and a policy without `unsafe-inline` refuses those even while they are empty;
 * constructed sheets are script, which the policy judges by where it came from.
 */
export function createAdoptedRenderer(target: Document): GriffelRenderer {
  const entries: Entry[] = [];

  function sheetFor(bucket: string, metadata: Metadata): CSSStyleSheet {
    const media = bucket === 'm' && typeof metadata.m === 'string' ? metadata.m : '';
    const condition = bucket === 'x' && typeof metadata.x === 'string' ? metadata.x : media;
    const priority = typeof metadata.p === 'number' ? metadata.p : 0;
    const order = bucketOrder.indexOf(bucket);
    const known = entries.find((entry) => entry.order === order && entry.condition === condition && entry.priority === priority);
    if (known) return known.sheet;
    const fresh = { order, condition, priority, sheet: media === '' ? new CSSStyleSheet() : new CSSStyleSheet({ media }) };
    const index = entries.findIndex((entry) => compareEntries(entry, fresh) > 0);
    const before = entries[index];
    const adopted = [...target.adoptedStyleSheets];
    adopted.splice(before ? adopted.indexOf(before.sheet) : adopted.length, 0, fresh.sheet);
    entries.splice(before ? index : entries.length, 0, fresh);
    target.adoptedStyleSheets = adopted;
    return fresh.sheet;
  }

  const renderer: GriffelRenderer = {
    id: 'homeport',
    insertionCache: {},
    stylesheets: {},
    compareMediaQueries: compareText,
    compareContainerQueries: compareText,
    insertCSSRules(rulesByBucket) {
      for (const [bucket, rules] of Object.entries(rulesByBucket)) {
        for (const rule of rules) {
          const [css, metadata]: [string, Metadata] = typeof rule === 'string' ? [rule, {}] : [rule[0], rule[1]];
          if (renderer.insertionCache[css]) continue;
          renderer.insertionCache[css] = 'd';
          insertRule(sheetFor(bucket, metadata), css);
        }
      }
    },
  };
  return renderer;
}

function insertRule(sheet: CSSStyleSheet, css: string): void {
  try {
    sheet.insertRule(css, sheet.cssRules.length);
  } catch {
    // Fluent ships rules for other browsers' pseudo elements; a browser that does not know one throws it away.
  }
}

function compareEntries(a: Entry, b: Entry): number {
  return a.order - b.order || compareText(a.condition, b.condition) || a.priority - b.priority;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
