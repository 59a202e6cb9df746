import type { ThemeName } from './harbour-theme.ts';

/**
 * Colours for up to eight series, told apart by people with any of the common colour deficiencies:
 * neighbours differ in lightness too. The first is the accent.
 */
const palettes: Record<ThemeName, readonly string[]> = {
  light: ['#0e7680', '#b35900', '#5b4bb5', '#a3195b', '#1667c7', '#5f6b00', '#7a4a2b', '#4a5560'],
  dark: ['#5fc2cb', '#f2a65a', '#b3a6ff', '#ff8fbf', '#7db8ff', '#c3d04f', '#d9a98a', '#b8c2cc'],
  contrast: ['#1aebff', '#ffff00', '#3ff23f', '#ff8fbf', '#ffffff', '#ffb366', '#b3a6ff', '#7db8ff'],
};

export const seriesMax = 8;

export function seriesColor(theme: ThemeName, index: number): string {
  const palette = palettes[theme];
  return palette[index % palette.length] ?? 'currentColor';
}

/** Grid and axis ink, which a canvas cannot take from CSS variables. */
export const chartInk: Record<ThemeName, { axis: string; grid: string }> = {
  light: { axis: '#424242', grid: '#e6e6e6' },
  dark: { axis: '#d6d6d6', grid: '#3d3d3d' },
  contrast: { axis: '#ffffff', grid: '#5c5c5c' },
};
