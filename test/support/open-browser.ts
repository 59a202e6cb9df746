import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { RunningHomeport } from './start-homeport.ts';

/** Nothing that Chromium does of its own accord: a request that leaves is then the page's. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const waitMsMax = 15_000;
const names = ['chromium', 'chromium-browser', 'google-chrome'];

export type OpenPage = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every address the page asked for. */
  readonly requests: readonly string[];
  /** What the console complained about and what was thrown, in order. */
  readonly complaints: readonly string[];
};

export type Browser = {
  /** A page with cookies and storage of its own, in the style of a desktop unless told otherwise. */
  open(options?: BrowserContextOptions): Promise<OpenPage>;
  close(): Promise<void>;
};

/**
 * The system's Chromium without a window, and with a profile that is made for it and removed afterwards. It knows the addresses
 * of `hosts` by their names.
 */
export async function openBrowser(hosts: Readonly<Record<string, string>> = {}): Promise<Browser> {
  const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`);
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [...flags, `--host-resolver-rules=${rules.join(',')}`],
    headless: true,
  });
  return {
    async open(options = {}) {
      const context = await browser.newContext({
        // The server's own CA: whether it is the right one is what the command lines check.
        ignoreHTTPSErrors: true,
        viewport: { width: 1440, height: 900 },
        locale: 'en-GB',
        reducedMotion: 'reduce',
        ...options,
      });
      context.setDefaultTimeout(waitMsMax);
      const requests: string[] = [];
      const complaints: string[] = [];
      context.on('request', (request) => requests.push(request.url()));
      context.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning')
          complaints.push(`${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (event) => complaints.push(String(event.error())));
      return { context, requests, complaints, page: await context.newPage() };
    },
    close: () => browser.close(),
  };
}

function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const path of folders.flatMap((folder) => names.map((name) => join(folder, name)))) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not this one.
    }
  }
  throw new Error('no Chromium on the PATH\nThe browser tests drive the system’s own.\nRun: apt-get install chromium');
}

/** A server and a browser for it. What has started is closed even when the next one does not start. */
export async function withBrowser<H extends { close(): Promise<void> }>(starting: Promise<H>) {
  const home = await starting;
  try {
    const browser = await openBrowser();
    const close = async (): Promise<void> => {
      await browser.close();
      await home.close();
    };
    return { home, browser, close };
  } catch (error) {
    await home.close();
    throw error;
  }
}

/** Signs in as a person does: with the link that `homeport sign-in` prints. */
export async function signIn(home: RunningHomeport, page: Page): Promise<void> {
  await page.goto((await home.ok('homeport', ['sign-in'])).trim());
  await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
}

/** Presses what opens a file chooser, and chooses `path`. */
export async function chooseFile(page: Page, path: string, press: () => Promise<void>): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press()]);
  await chooser.setFiles(path);
}

/** What a page that was opened with these permissions put on the clipboard. */
export function readClipboard(page: Page): Promise<string> {
  return page.evaluate<string>('navigator.clipboard.readText()');
}

export const clipboardPermissions = ['clipboard-read', 'clipboard-write'];
