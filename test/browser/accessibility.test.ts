import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { everyPage, goTo, overlays } from '#test/support/every-page.ts';
import { type FurnishedHome, startFurnishedHome } from '#test/support/furnished-home.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';

/** What is read of axe's results. */
type Checked = {
  passes: number;
  violations: { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }[];
};

describe('axe on every page', () => {
  let furnished: FurnishedHome;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home: furnished, browser, close } = await withBrowser(startFurnishedHome())));
  after(() => close?.());

  test('central 8: no page and nothing that opens on one has a serious violation, in the light theme and in the dark one', async () => {
    const { home } = furnished;
    const { page } = await browser.open({ colorScheme: 'light' });
    await page.goto(new URL('/sign-in', home.status.central.url).href);
    await page.getByRole('heading', { level: 1, name: 'Sign in to Homeport' }).waitFor();
    await checkBothThemes(page, 'sign-in');
    await signIn(home, page);
    for (const { name, path, arrive } of everyPage(furnished)) {
      await goTo(page, path);
      await arrive(page);
      await checkBothThemes(page, name);
    }
    for (const { name, path, open } of overlays) {
      await goTo(page, path);
      await open(page);
      await checkBothThemes(page, name);
    }
  });

  test('axe sees a picture that has no name, and grey on grey in the dark theme alone', async () => {
    const { page } = await browser.open({ colorScheme: 'light' });
    await signIn(furnished.home, page);
    await page.evaluate(`document.querySelector('main').insertAdjacentHTML('beforeend', '<img src="/homeport.svg">')`);
    await assert.rejects(checkBothThemes(page, 'a picture'), /a picture: image-alt/);
    await page.evaluate(`document.querySelector('main img').outerHTML = '<p id="grey">Grey</p>'`);
    await page.evaluate(`document.getElementById('grey').style.color = 'light-dark(black, #333)'`);
    await assert.rejects(checkBothThemes(page, 'a text'), /a text, dark: color-contrast/);
  });
});

/** A theme changes colours and nothing else, so the second one is asked the rules about colours. */
const colours = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };

async function checkBothThemes(page: Page, where: string): Promise<void> {
  await checkPage(page, where, {});
  await showTheme(page, 'dark');
  await checkPage(page, `${where}, dark`, colours);
  await showTheme(page, 'light');
}

async function showTheme(page: Page, theme: 'light' | 'dark'): Promise<void> {
  // Waiting for an expression would evaluate text on the page, which its content security policy forbids.
  const shown = page.locator(`html[style*="color-scheme: ${theme}"]`);
  const isShown = () =>
    shown.waitFor({ state: 'attached', timeout: 4_000 }).then(
      () => true,
      () => false,
    );
  // A browser on a busy machine was seen to keep the change to itself. Asked back and forth, it tells of it.
  for (let attempt = 0; attempt < 4; attempt++) {
    await page.emulateMedia({ colorScheme: theme });
    if (await isShown()) return;
    await page.emulateMedia({ colorScheme: theme === 'dark' ? 'light' : 'dark' });
  }
  throw new Error(`The page did not turn ${theme}.`);
}

async function checkPage(page: Page, where: string, options: object): Promise<void> {
  await loadAxe(page);
  // Colours on their way from one theme or state to another are of neither.
  await page.evaluate(
    `Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map(({ finished }) => finished))
       .then(() => undefined)`,
  );
  const { violations, passes } = await page.evaluate<Checked>(
    `axe.run(document, ${JSON.stringify({ ...options, resultTypes: ['violations'] })})
       .then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
  );
  assert.ok(passes > 0, `${where}: axe looked at nothing`);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const words = serious.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join('\n   ')}`,
  );
  assert.equal(words.length, 0, `${where}: ${words.join('\n')}`);
}

/** Half a megabyte, and a tab of its own for each result: the builder brings axe into a document once, and then is not asked again. */
async function loadAxe(page: Page): Promise<void> {
  if (await page.evaluate(`'axe' in window`)) return;
  await new AxeBuilder({ page })
    .options({ runOnly: { type: 'rule', values: ['document-title'] } })
    .setLegacyMode()
    .analyze();
}
