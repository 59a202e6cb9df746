import {
  type BrandVariants,
  createDarkTheme,
  createLightTheme,
  type Theme,
  teamsHighContrastTheme,
} from '@fluentui/react-components';

/** The harbour blue-green; 80 on white and 100 on the dark canvas keep a contrast above 4.5. */
const harbour: BrandVariants = {
  10: '#02171a',
  20: '#062a2e',
  30: '#083940',
  40: '#09474f',
  50: '#0a535c',
  60: '#0b5f68',
  70: '#0c6b74',
  80: '#0e7680',
  90: '#1f8791',
  100: '#4ba6ae',
  110: '#5fb4bb',
  120: '#7bc3c9',
  130: '#97d1d6',
  140: '#b3dfe2',
  150: '#cfecee',
  160: '#e8f6f7',
};

const fonts = {
  fontFamilyBase:
    "'Segoe UI Variable Text', 'Segoe UI', system-ui, -apple-system, BlinkMacSystemFont, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif",
  fontFamilyNumeric: "'Segoe UI Variable Text', 'Segoe UI', system-ui, -apple-system, 'Noto Sans', Arial, sans-serif",
  fontFamilyMonospace: "'Cascadia Mono', Consolas, ui-monospace, 'SF Mono', 'DejaVu Sans Mono', 'Liberation Mono', monospace",
};

export type ThemeName = 'light' | 'dark' | 'contrast';

export const themes: Record<ThemeName, Theme> = {
  light: { ...createLightTheme(harbour), ...fonts },
  dark: { ...createDarkTheme(harbour), ...fonts, colorBrandForeground1: harbour[110], colorBrandForeground2: harbour[120] },
  contrast: { ...teamsHighContrastTheme, ...fonts },
};
