import { useSyncExternalStore } from 'react';
import type { ThemeName } from './harbour-theme.ts';

/** What the person chose; `system` follows the operating system. */
export type ThemeChoice = 'system' | ThemeName;

const storageKey = 'homeport.theme';
const choices: readonly ThemeChoice[] = ['system', 'light', 'dark', 'contrast'];
const listeners = new Set<() => void>();
const darkQuery = window.matchMedia('(prefers-color-scheme: dark)');

let choice: ThemeChoice = choices.find((known) => known === localStorage.getItem(storageKey)) ?? 'system';

export function setThemeChoice(next: ThemeChoice): void {
  choice = next;
  localStorage.setItem(storageKey, next);
  for (const listener of listeners) listener();
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, () => choice);
}

/** The theme to draw with now. */
export function useThemeName(): ThemeName {
  return useSyncExternalStore(subscribe, () => (choice === 'system' ? (darkQuery.matches ? 'dark' : 'light') : choice));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  darkQuery.addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    darkQuery.removeEventListener('change', listener);
  };
}
