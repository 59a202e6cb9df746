import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#test/support/eventually.ts';
import { everyPage, openOverlay, overlays, visit } from '#test/support/every-page.ts';
import { type FurnishedHome, startFurnishedHome } from '#test/support/furnished-home.ts';
import { type Browser, signIn, withBrowser } from '#test/support/open-browser.ts';

describe('pages under the keyboard and on a telephone', () => {
  let furnished: FurnishedHome;
  let browser: Browser;
  let close: () => Promise<void>;
  before(async () => ({ home: furnished, browser, close } = await withBrowser(startFurnishedHome())));
  after(() => close?.());

  test('at 390 px no page has to be moved sideways', async () => {
    const { home } = furnished;
    const { page } = await browser.open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await page.goto(new URL('/sign-in', home.status.central.url).href);
    await page.getByRole('heading', { level: 1, name: 'Sign in to Homeport' }).waitFor();
    assert.deepEqual(await sideways(page), [], 'sign-in');
    await signIn(home, page);
    for (const stop of everyPage(furnished)) {
      await visit(home, page, stop);
      assert.deepEqual(await sideways(page), [], stop.name);
    }
    for (const overlay of overlays) {
      await openOverlay(home, page, overlay);
      assert.deepEqual(await sideways(page), [], overlay.name);
    }
    await page.goto(new URL('/devices', home.status.central.url).href);
    await page.getByRole('button', { name: 'Toggle navigation' }).click();
    await page.getByRole('dialog', { name: 'Navigation' }).getByRole('link', { name: 'Permissions' }).click();
    await page.getByRole('heading', { level: 1, name: 'Device connection groups' }).waitFor();
    await page.getByRole('dialog', { name: 'Navigation' }).waitFor({ state: 'detached' });
  });

  test('Escape closes what was opened and gives the focus back to what opened it', async () => {
    const { page } = await browser.open();
    await signIn(furnished.home, page);
    for (const overlay of overlays) {
      await openOverlay(furnished.home, page, overlay);
      const opener = overlay.name === 'command palette' ? 'BODY' : 'BUTTON';
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').or(page.getByRole('alertdialog')).waitFor({ state: 'detached' });
      await eventually(async () => {
        assert.equal(await page.evaluate<string>('document.activeElement.tagName'), opener, overlay.name);
        return true;
      });
    }
  });

  test('Escape on the question whether to delete leaves the certificate and its panel as they were', async () => {
    const { page } = await browser.open();
    await signIn(furnished.home, page);
    const verified = overlays.find(({ name }) => name === 'verified certificate');
    assert.ok(verified);
    await openOverlay(furnished.home, page, verified);
    const panel = page.getByRole('dialog', { name: 'Primary Certificate' });
    await panel.getByRole('button', { name: 'Delete' }).click();
    const question = page.getByRole('alertdialog', { name: 'Delete the primary certificate?' });
    await question.waitFor();
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await panel.getByText('Verified', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });

  test('central 6: / goes to search from any page, and part of an id opens the device', async () => {
    const { page } = await browser.open();
    await signIn(furnished.home, page);
    for (const path of ['/devices', '/permissions/device-connection-groups', '/refusals']) {
      await page.goto(new URL(path, furnished.home.status.central.url).href);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.keyboard.press('/');
      await page.getByRole('combobox', { name: 'Search devices and templates' }).and(page.locator(':focus')).waitFor();
      await page.keyboard.type(furnished.thermometerId.slice(20, 34));
      await page.getByRole('option', { name: furnished.thermometerId }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: furnished.thermometerId }).waitFor();
    }
  });

  test('central 3, 7: the collapsed pane and the chosen theme outlive a reload', async () => {
    const { page } = await browser.open({ colorScheme: 'light' });
    await signIn(furnished.home, page);
    const toggle = page.getByRole('button', { name: 'Toggle navigation' });
    await toggle.click();
    assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
    const background = () => page.evaluate<string>('getComputedStyle(document.querySelector("main")).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    const dark = await eventually(async () => {
      const color = await background();
      return color === light ? undefined : color;
    });
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
    assert.equal(await background(), dark);
    assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
    // A collapsed entry has no text, and still a name.
    await page.getByRole('link', { name: 'Permissions' }).waitFor();
  });
});

/** What reaches over the right edge: the document, and the parts of the page that scroll. */
function sideways(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(
    `[document.documentElement, ...document.querySelectorAll('main, [role=dialog], [role=alertdialog]')]
       .filter((element) => element.scrollWidth > element.clientWidth)
       .map((element) => element.tagName + ' ' + element.scrollWidth + ' > ' + element.clientWidth)`,
  );
}
