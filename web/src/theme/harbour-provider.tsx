import {
  type FluentProviderState,
  RendererProvider,
  renderFluentProvider_unstable,
  slot,
  type Theme,
  useFluentProviderContextValues_unstable,
  useFluentProviderStyles_unstable,
  useFocusVisible,
} from '@fluentui/react-components';
import { type ReactNode, useLayoutEffect } from 'react';
import { createAdoptedRenderer } from './adopted-renderer.ts';
import { themes } from './harbour-theme.ts';
import { useThemeName } from './theme-choice.ts';

const themeClassName = 'homeport-theme';
const renderer = createAdoptedRenderer(document);
const themeSheet = new CSSStyleSheet();
document.adoptedStyleSheets = [themeSheet, ...document.adoptedStyleSheets];

/** Fluent's provider with the harbour theme, made of the parts that need no `<style>` element (adopted-renderer.ts). */
export function HarbourProvider({ children }: { children: ReactNode }) {
  return (
    <RendererProvider renderer={renderer} targetDocument={document}>
      <ThemedRoot>{children}</ThemedRoot>
    </RendererProvider>
  );
}

function ThemedRoot({ children }: { children: ReactNode }) {
  const themeName = useThemeName();
  const theme = themes[themeName];
  const focusRef = useFocusVisible<HTMLDivElement>({ targetDocument: document });
  useLayoutEffect(() => {
    themeSheet.replaceSync(themeRule(theme));
    document.documentElement.style.colorScheme = themeName === 'light' ? 'light' : 'dark';
  }, [theme, themeName]);
  const state: FluentProviderState = {
    applyStylesToPortals: true,
    customStyleHooks_unstable: {},
    overrides_unstable: {},
    dir: 'ltr',
    targetDocument: document,
    theme,
    themeClassName,
    components: { root: 'div' },
    root: slot.always({ children, dir: 'ltr', className: 'homeport-root', ref: focusRef }, { elementType: 'div' }),
    // Only server rendering reads this.
    serverStyleProps: { cssRule: '', attributes: {} },
  };
  useFluentProviderStyles_unstable(state);
  return renderFluentProvider_unstable(state, useFluentProviderContextValues_unstable(state));
}

function themeRule(theme: Theme): string {
  const lines = Object.entries(theme).map(([name, value]) => `--${name}:${value}`);
  return `:root,.${themeClassName}{${lines.join(';')}}`;
}
