import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The server sends `default-src 'self'`: nothing may be inlined, neither scripts nor images as data URLs.
export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
});
