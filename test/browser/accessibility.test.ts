import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { everyPage, openOverlay, overlays, visit } from '#test/support/every-page.ts';
import { type FurnishedHome, startFurnishedHome } from '#test/support/furnished-home.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';

type AxeOptions = Parameters<AxeBuilder['options']>[0];

describe('axe on every page', () => {
  let furnished: FurnishedHome;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home: furnished, browser, close } = await withBrowser(startFurnishedHome())));
  after(() => close?.());

  // A theme changes colours and nothing else, so the second one is asked the rules about colours.
  const themes: { colorScheme: 'light' | 'dark'; rules: AxeOptions }[] = [
    { colorScheme: 'light', rules: {} },
    { colorScheme: 'dark', rules: { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } } },
  ];
  for (const { colorScheme, rules } of themes) {
    test(`central 8: no page and nothing that opens on one has a serious violation in the ${colorScheme} theme`, async () => {
      const noViolations = (where: Page, name: string) => checkPage(where, name, { ...rules, resultTypes: ['violations'] });
      const { home } = furnished;
      const { page } = await browser.open({ colorScheme });
      await page.goto(new URL('/sign-in', home.status.central.url).href);
      await page.getByRole('heading', { level: 1, name: 'Sign in to Homeport' }).waitFor();
      await noViolations(page, 'sign-in');
      await signIn(home, page);
      for (const stop of everyPage(furnished)) {
        await visit(home, page, stop);
        await noViolations(page, stop.name);
      }
      for (const overlay of overlays) {
        await openOverlay(home, page, overlay);
        await noViolations(page, overlay.name);
      }
    });
  }
});

async function checkPage(page: Page, where: string, options: AxeOptions): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).options(options).analyze();
  assert.ok(passes.length > 0, `${where}: axe looked at nothing`);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const words = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join('\n   ')}`);
  assert.deepEqual(words, [], where);
}
